"""What estimators are composed of: operations on draws, points and samples."""
