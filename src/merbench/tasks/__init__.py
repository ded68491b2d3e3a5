"""What can be predicted of a clip: one object a task."""

from merbench.tasks.task import Task

__all__ = ["Task"]
