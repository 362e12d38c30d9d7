"""Grid Engine: the only place that knows its commands and their answers (backend.py is what others see)."""
