import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { BIN } from './cli.ts';

/** What a call of git came to. */
export interface GitEnded {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface GitOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

const start = promisify(execFile);

/** A repository of git that shows safetensors files with the built program. Gone when it is removed. */
export class Repository {
  readonly path: string = realpathSync(mkdtempSync(join(tmpdir(), 'model-diff-git-')));

  static async create(attributes = '*.safetensors filter=lfs diff=model-diff merge=lfs -text\n'): Promise<Repository> {
    const repository = new Repository();
    await repository.git('init', '-q', '-b', 'main');
    await repository.git('config', 'diff.model-diff.command', `"${process.execPath}" "${BIN}" git-driver`);
    repository.write('.gitattributes', attributes);
    return repository;
  }

  /** Runs git, with nothing of the caller's configuration. */
  git(...args: readonly string[]): Promise<GitEnded> {
    return this.gitWith({}, ...args);
  }

  async gitWith({ cwd = this.path, env = {} }: GitOptions, ...args: readonly string[]): Promise<GitEnded> {
    const { CI: _ci, NO_COLOR: _no, FORCE_COLOR: _force, ...own } = process.env;
    const who = ['-c', 'user.name=Test', '-c', 'user.email=test@example.org', '-c', 'commit.gpgsign=false'];
    const nobody = { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null', HOME: this.path };
    const running = start('git', [...who, ...args], { cwd, env: { ...own, ...nobody, ...env }, maxBuffer: 1 << 26 });
    return running.then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      ({ code = -1, stdout = '', stderr = '' }: Partial<GitEnded>) => ({ code, stdout, stderr }),
    );
  }

  async commit(message: string): Promise<void> {
    await this.git('add', '-A');
    const { code, stderr } = await this.git('commit', '-q', '-m', message);
    if (code !== 0) throw new Error(stderr);
  }

  write(name: string, content: string | Uint8Array): string {
    const path = join(this.path, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    return path;
  }

  /** Puts contents into the store of Git LFS, as `git lfs fetch` does, and gives the pointer to them. */
  store(content: Uint8Array, store = '.git/lfs'): string {
    const oid = createHash('sha256').update(content).digest('hex');
    this.write(join(store, 'objects', oid.slice(0, 2), oid.slice(2, 4), oid), content);
    return makePointer(oid, content.length);
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** The text that Git LFS commits instead of a file. */
export function makePointer(oid: string, size: number): string {
  return `version https://git-lfs.github.com/spec/v1\noid sha256:${oid}\nsize ${size}\n`;
}
