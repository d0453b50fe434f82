"""The verbs, a module each, with `configure(parser)` and `main(args) -> int`.

No verb imports another; what several need is in the modules of `cmean.cli`.
"""
