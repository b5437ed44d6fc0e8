"""Ids that exist, so that requests get past "not found"."""

import json
import os

import schemathesis

SEEDS = json.loads(os.environ["SLIPWAY_SEEDS"])
# What ends them is tried on ids that are made up, and on records made on the way.
KEEPS = ("get", "put", "patch", "post")


def seed(operation):
    for prefix, name in (
        ("/api/sandboxes/", "sandbox"),
        ("/api/deployments/targets/", "target"),
        ("/api/deployments/", "deployment"),
        ("/api/teams/", "team"),
        ("/api/tokens/", "token"),
    ):
        if operation.path.startswith(prefix):
            return SEEDS[name]
    return None


@schemathesis.hook
def before_call(context, case, kwargs):
    operation, ids = case.operation, case.path_parameters
    if not ids or "id" not in ids:
        return
    if operation.path.endswith("/logs"):
        # The stream of a deployment that has not ended has no end.
        if ids["id"] != SEEDS["deployment"] and looks_like_id(ids["id"]):
            ids["id"] = SEEDS["deployment"]
    elif operation.method in KEEPS and looks_like_id(ids["id"]) and ids["id"] not in KNOWN and int(ids["id"][-1], 16) % 2:
        ids["id"] = seed(operation) or ids["id"]


@schemathesis.hook
def after_call(context, case, response):
    # Ids of records that were made on the way are left as they are.
    if case.operation.method == "post" and response.status_code in (201, 202):
        try:
            KNOWN.add(response.json().get("id"))
        except ValueError:
            pass


KNOWN = set(SEEDS.values())


def looks_like_id(text):
    return isinstance(text, str) and len(text) == 36 and text.count("-") == 4 and text[-1] in "0123456789abcdef"
