"""Numbers from arrays: AUC, bootstrap intervals, calibration. Knows nothing about paintings."""
