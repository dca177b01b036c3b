"""The source of task 2: a museum's open-data tables and images."""
