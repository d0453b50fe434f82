"""Documents of evaluations as typed values: what is stored, printed by `--json` and reported.

Each dataclass mirrors a JSON object; `cmean.util.dataclass_json` converts both ways.
"""
