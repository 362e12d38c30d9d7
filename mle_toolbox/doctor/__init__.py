"""The checks of `mle doctor`: each yields its findings one by one, so that they are shown as they come."""
