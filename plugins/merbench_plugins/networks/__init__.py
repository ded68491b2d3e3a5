"""Networks that models train and features are read from; imported when one is needed."""
