"""What goes wrong in the pipeline's harness."""


class PipelineError(RuntimeError):
    """Fluent Bit did not do what it was to do; the message ends with its last log lines."""
