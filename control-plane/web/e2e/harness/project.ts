/** Real small projects, copied so that a spec may change them. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

const FIXTURES = resolve(import.meta.dirname, '../../../../tests/fixtures');

export class Project {
  private constructor(readonly path: string) {}

  static empty(): Project {
    return new Project(mkdtempSync(join(tmpdir(), 'slipway-project-')));
  }

  /** A package whose build script is this JavaScript. */
  static withBuildScript(script: string): Project {
    const project = Project.empty();
    project.write('package.json', '{ "name": "scripted", "private": true, "scripts": { "build": "node build.js" } }');
    project.write('build.js', script);
    return project;
  }

  /** Prints so many lines, so many at a time, and then makes a page. */
  static thatPrints(lines: number, { atOnce = lines, pauseMs = 0 } = {}): Project {
    return Project.withBuildScript(`
      const fs = require('node:fs');
      let line = 0;
      (function print() {
        let text = '';
        for (let n = 0; n < ${atOnce} && line < ${lines}; n++) text += 'line ' + ++line + '\\n';
        process.stdout.write(text);
        if (line < ${lines}) return setTimeout(print, ${pauseMs});
        fs.mkdirSync('dist', { recursive: true });
        fs.writeFileSync('dist/index.html', '<h1>' + line + ' lines</h1>');
      })();`);
  }

  /** Goes on until somebody ends it. */
  static thatRunsOn(): Project {
    return Project.withBuildScript("console.log('up'); setInterval(() => {}, 1000);");
  }

  /** Writes a file, making its directories. */
  write(name: string, content: string): void {
    const path = join(this.path, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }

  read(name: string): string {
    return readFileSync(join(this.path, name), 'utf8');
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** A copy of `tests/fixtures/<name>`. */
export function fixture(name: string): Project {
  const project = Project.empty();
  cpSync(join(FIXTURES, name), project.path, { recursive: true });
  return project;
}
