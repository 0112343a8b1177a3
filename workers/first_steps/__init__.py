"""The first hour at an empty desk: what is there, what is missing, and where it is done."""
