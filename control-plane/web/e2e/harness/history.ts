/** A long history, written straight into the database of a control plane that is not running: nobody deploys ten thousand times. */
import { join } from 'node:path';
import type { ControlPlane } from './control-plane';
import { run } from './program';

/** Copies of the newest deployment, an hour apart, going back from it: two of three live, the third failed. */
const SCRIPT = `
import os, sqlite3, sys
path, count = sys.argv[1], int(sys.argv[2])
db = sqlite3.connect(path)
db.row_factory = sqlite3.Row
pattern = dict(db.execute("SELECT * FROM deployments ORDER BY id DESC LIMIT 1").fetchone())
steps = [dict(row) for row in db.execute("SELECT * FROM deployment_steps WHERE deployment_id = ?", (pattern["id"],))]
HOUR = 3600 * 1000

def insert(table, rows):
    names = list(rows[0])
    places = ", ".join("?" for _ in names)
    db.executemany(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({places})", [tuple(row.values()) for row in rows])

with db:
    made, their_steps = [], []
    for number in range(1, count + 1):
        at = pattern["created_at"] // 1000 - number * HOUR
        identity = at.to_bytes(6, "big") + bytes([0x70, number & 0xFF, 0x80]) + os.urandom(7)
        failed = number % 3 == 0
        made.append({
            **pattern, "id": identity, "request_key": None, "artifact_id": None, "log_is_finished": 1, "log_removed_at": at * 1000,
            "status": "failed" if failed else "success", "error_message": "Build failed: exit status 2" if failed else None,
            "created_at": at * 1000, "started_at": at * 1000, "completed_at": at * 1000 + 61_000_000,
        })
        their_steps += [{**step, "deployment_id": identity} for step in steps]
    insert("deployments", made)
    insert("deployment_steps", their_steps)
`;

/** The control plane ends for it and starts again. There must be one deployment that has ended. */
export async function writeHistory(controlPlane: ControlPlane, count: number): Promise<void> {
  await controlPlane.terminate();
  await run('python3', ['-c', SCRIPT, join(controlPlane.dataDir, 'slipway.db'), String(count)]);
  await controlPlane.startAgain();
}
