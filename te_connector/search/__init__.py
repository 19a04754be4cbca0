"""Finding a person's objects: reading lists, looking up by filter or id, classifying what was found."""
