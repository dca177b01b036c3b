"""The page that ``dvc plots show`` and ``dvc plots diff`` fill: its template, and a description of every plot."""
