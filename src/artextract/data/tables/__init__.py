"""Tables in any form that people save them in: separators, encodings, workbooks, records."""
