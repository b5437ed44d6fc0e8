"""Checks every example of the document against its schema: examples.py DOCUMENT"""

import json
import sys

import jsonschema_rs

document = json.load(open(sys.argv[1]))
components = document["components"]
checked, problems = 0, []


def check(where, described, example):
    global checked
    checked += 1
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "components": components, **described}
    validator = jsonschema_rs.validator_for(schema, validate_formats=True)
    problems.extend(f"{where}: {error}" for error in validator.iter_errors(example))


def check_content(where, content):
    for kind, body in content.items():
        if "example" in body:
            check(f"{where} {kind}", body["schema"], body["example"])
        else:
            problems.append(f"{where} {kind}: has no example")


for name, schema in components["schemas"].items():
    for example in schema.get("examples", []):
        check(f"schema {name}", {"$ref": f"#/components/schemas/{name}"}, example)
for name, header in components["headers"].items():
    check(f"header {name}", header["schema"], header["example"])
for name, answer in components["responses"].items():
    check_content(f"answer {name}", answer["content"])
for path, item in document["paths"].items():
    for method, operation in item.items():
        for parameter in operation.get("parameters", []):
            if "example" in parameter:
                check(f"{method} {path} {parameter['name']}", parameter["schema"], parameter["example"])
        check_content(f"{method} {path}", operation.get("requestBody", {}).get("content", {}))
        for status, answer in operation["responses"].items():
            check_content(f"{method} {path} {status}", answer.get("content", {}))

print(f"{checked} examples, {len(problems)} problems", *problems, sep="\n")
sys.exit(bool(problems) or checked < 100)
