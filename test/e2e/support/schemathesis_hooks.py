"""What Schemathesis can't know of the service."""

import itertools
import os

import schemathesis

calls = itertools.count()


@schemathesis.hook
def before_call(context, case, kwargs):
    """
    Requests come from many addresses, so that wrong tokens among them do not count as guessing; and half of those whose
    path holds a secret have the right one.
    """
    call = next(calls)
    case.headers["X-Forwarded-For"] = f"198.18.{call >> 8 & 255}.{call & 255}"
    if case.path_parameters and "secret" in case.path_parameters and call % 2:
        case.path_parameters["secret"] = os.environ["FUZZ_SECRET"]
