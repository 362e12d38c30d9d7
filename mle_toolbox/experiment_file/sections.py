"""What the sections of a configuration are called, known also to a training script, which loads no schema."""

__all__ = ["SECTIONS"]

SECTIONS = ("train_config", "net_config", "model_config", "log_config", "device_config")
