"""Reading a whole list although it changes: the proof, the order, single pages, and the reader."""
