"""The file that generate.py writes: groups of cases in the style of project Wycheproof."""

import json

NOTES = {
    "Valid": ("BASIC", "An ordinary case that must be accepted."),
    "EdgeCase": ("EDGE_CASE", "Numbers at the end of their range, or of unusual length, that must be accepted."),
    "RangeCheck": ("AUTH_BYPASS", "A number outside its range: r and s lie in [1, n-1], d in [1, n-2]."),
    "SumCheck": ("AUTH_BYPASS", "r + s = n: GB/T 32918.2, 7.1, B5 refuses t = 0."),
    "PointAtInfinity": ("AUTH_BYPASS", "A computation that meets the point at infinity."),
    "WrongValue": ("AUTH_BYPASS", "Well-formed, in range, and not what belongs there."),
    "WrongUserId": ("AUTH_BYPASS", "Made under another user id: it enters the hash Z."),
    "InvalidEncoding": ("BER_ENCODING", "Not DER: another header, another length form, bytes too many or missing."),
    "InvalidInteger": ("BER_ENCODING", "An INTEGER that is negative, padded, empty or too long."),
    "Truncated": ("CAN_OF_WORMS", "Cut short."),
    "OffCurve": ("DEFINED", "A point that is not on the curve: accepting it can give away the private key."),
    "InvalidCurve": ("CONFIDENTIALITY", "A point of small order on a curve with another b: gives away bits of a key."),
    "Twist": ("CONFIDENTIALITY", "A point of the quadratic twist."),
    "Unreduced": ("MALLEABILITY", "A coordinate of p or more that stands for one below p."),
    "PointForm": ("DEFINED", "A compressed, hybrid or infinite point where only 04 || x || y is allowed here."),
    "WrongCurve": ("DEFINED", "A key of another algorithm or curve."),
    "Modified": ("AUTH_BYPASS", "One bit altered."),
    "WrongOrder": ("DEFINED", "C1 || C2 || C3, the order of the drafts."),
    "BlankMask": ("CONFIDENTIALITY", "KDF output t is all zero: GB/T 32918.4, 7.1, B4 refuses it."),
    "EmptyMessage": ("DEFINED", "C2 has no bytes."),
    "WrongConfirmation": ("AUTH_BYPASS", "A confirmation that does not show knowledge of the key."),
}


class File:
    def __init__(self):
        self.groups, self.count = [], 0

    def group(self, kind, **fields):
        self.groups.append({"type": kind, **plain(fields), "tests": []})

    def case(self, valid, flag, comment, **fields):
        assert flag in NOTES, flag
        self.count += 1
        test = {"tcId": self.count, "comment": comment, "flags": [flag], **plain(fields)}
        test["result"] = "valid" if valid else "invalid"
        self.groups[-1]["tests"].append(test)

    def valid(self, flag, comment, **fields):
        self.case(True, flag, comment, **fields)

    def invalid(self, flag, comment, **fields):
        self.case(False, flag, comment, **fields)

    def write(self, path):
        head = {
            "algorithm": "SM2", "generatorVersion": "1", "numberOfTests": self.count,
            "header": ["What an implementation of SM2 (GB/T 32918-2016) must refuse. Made by sm2_negative/generate.py."],
            "notes": {name: {"bugType": kind, "description": text} for name, (kind, text) in NOTES.items()},
        }
        with open(path, "w", encoding="ascii", newline="\n") as file:
            file.write(json.dumps(head, indent=1)[:-2] + ',\n "testGroups": [')
            for i, group in enumerate(self.groups):
                tests = ",\n".join("   " + json.dumps(test) for test in group.pop("tests"))
                fields = json.dumps(group)[:-1]
                file.write("%s\n  %s, \"tests\": [\n%s\n  ]}" % ("," if i else "", fields, tests))
            file.write("\n ]\n}\n")


def plain(fields):
    return {name: value.hex() if isinstance(value, bytes) else value for name, value in fields.items()}
