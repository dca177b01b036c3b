"""The explorer: a folder of static files, in which a browser shows a collection as a map."""
