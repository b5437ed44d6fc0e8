"""Makes requests get past "not found": ids that exist, and keys that are not used twice."""

import json
import os
import re
import uuid

import schemathesis

SEEDS = json.loads(os.environ["SLIPWAY_SEEDS"])
# Ids that are not replaced: the seeds, and records that were made on the way.
known = set(SEEDS.values())
# What each `Idempotency-Key` was used for.
keys = {}

ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
KEY = re.compile(r"[!-~]([\t -~]{0,253}[!-~])?")


@schemathesis.hook
def before_call(context, case, kwargs):
    use_seeds(case)
    key = (case.headers or {}).get("Idempotency-Key")
    if isinstance(key, str) and KEY.fullmatch(key):
        # The same key for another request is refused, and rightly so.
        request = f"{case.method} {case.formatted_path} {case.body!r}"
        if keys.setdefault(key, request) != request:
            case.headers["Idempotency-Key"] = str(uuid.uuid4())


def use_seeds(case):
    path, ids = case.operation.path, case.path_parameters or {}
    if is_unknown(ids.get("id")):
        if path.endswith("/logs"):
            # The stream of a deployment that has not ended has no end.
            ids["id"] = SEEDS["deployment"]
        elif case.operation.method.lower() in ("get", "put", "post") and is_picked(ids["id"]):
            ids["id"] = seed(path) or ids["id"]
    elif path.endswith("/logs") and isinstance(ids.get("id"), str) and ID.fullmatch(ids["id"]):
        ids["id"] = SEEDS["deployment"]
    if is_unknown(ids.get("user_id")) and is_picked(ids["user_id"]):
        ids["user_id"] = SEEDS["user"]
    if isinstance(case.body, dict) and is_unknown(case.body.get("target_id")) and is_picked(case.body["target_id"]):
        case.body["target_id"] = SEEDS["target"]


@schemathesis.hook
def after_call(context, case, response):
    if case.operation.method.lower() == "post" and response.status_code in (201, 202):
        made = response.json()
        if isinstance(made, dict) and "id" in made:
            known.add(made["id"])


def is_unknown(text):
    return isinstance(text, str) and ID.fullmatch(text) is not None and text not in known


def is_picked(text):
    """Half of them: the other half shall be unknown."""
    return int(text[-1], 16) % 2 == 1


def seed(path):
    for prefix, name in (
        ("/api/sandboxes/", "sandbox"),
        ("/api/deployments/targets/", "target"),
        ("/api/deployments/", "deployment"),
        ("/api/teams/", "team"),
    ):
        if path.startswith(prefix):
            return SEEDS[name]
    return None
