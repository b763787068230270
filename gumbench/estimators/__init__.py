"""One file an estimator, in a folder for each family; the file's name is the estimator's."""
