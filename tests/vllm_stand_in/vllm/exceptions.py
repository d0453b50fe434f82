"""Errors about a request."""


class VLLMError(Exception):
    """The base of all."""


class VLLMClientError(VLLMError):
    """The request is at fault."""


class VLLMServerError(VLLMError):
    """The engine is at fault."""


class VLLMValidationError(VLLMClientError):
    """A request that is refused."""

    def __init__(self, message, *, parameter=None, value=None):
        super().__init__(message)
        self.parameter = parameter
        self.value = value
