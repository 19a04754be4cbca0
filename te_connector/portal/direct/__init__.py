"""Direct Contact: a person answers by a form, where no API is to be used."""
