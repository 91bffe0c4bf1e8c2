/** A Slurm of one node on this machine, for tests: a controller, a node and munge, on the loopback interface, gone after the tests. */
import { execFile, execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';

/** Why there can be no Slurm here; null where there can. */
function whyNoSlurm(): string | null {
  if (process.platform !== 'linux') return 'Slurm runs on Linux only';
  if (process.getuid?.() !== 0) return 'starting munge and the node takes root';
  const missing = ['slurmctld', 'slurmd', 'munged', 'sbatch'].filter((program) => !isInstalled(program));
  if (missing.length === 0) return null;
  return `${missing.join(', ')} not installed: apt-get install --no-install-recommends slurmd slurmctld slurm-client munge`;
}

const FOLDERS = ['/usr/sbin', '/usr/bin', '/usr/local/sbin', '/usr/local/bin'];

function isInstalled(program: string): boolean {
  return FOLDERS.some((folder) => existsSync(join(folder, program)));
}

/** Largest index of an array is 8, so that 20 parts take three. */
export const MAX_ARRAY_SIZE = 9;

export interface Slurm {
  /** What programs need to find it. */
  readonly env: NodeJS.ProcessEnv;
  /** Runs one of Slurm's programs. */
  readonly call: (program: string, ...args: string[]) => Promise<string>;
  /** Waits until no job is left. */
  readonly drain: () => Promise<void>;
  /** Waits until a job, or a task as `12_3`, is running. */
  readonly untilRunning: (job: string) => Promise<void>;
  /** Last state of a job or task in the log of what ended: `COMPLETED`, `FAILED`. */
  readonly endOf: (job: string) => string | undefined;
  readonly stop: () => void;
}

/** @throws an error that says why there is none */
export async function startSlurm(): Promise<Slurm> {
  const missing = whyNoSlurm();
  if (missing !== null) throw new Error(missing);
  const folder = mkdtempSync(join(tmpdir(), 'model-diff-slurm-'));
  const host = hostname().split('.')[0] ?? 'localhost';
  for (const name of ['state', 'spool', 'cgroup']) mkdirSync(join(folder, name));
  const config = join(folder, 'slurm.conf');
  writeFileSync(config, configure(folder, host));
  writeFileSync(join(folder, 'cgroup.conf'), configureCgroup(folder));
  const env = { ...process.env, SLURM_CONF: config, PATH: `${process.env['PATH'] ?? ''}:${FOLDERS.join(':')}` };
  const own = startMunge(env);
  execFileSync('slurmctld', ['-c', '-f', config], { env });
  execFileSync('slurmd', ['-c', '-f', config], { env });
  const call = async (program: string, ...args: string[]): Promise<string> =>
    (await promisify(execFile)(program, args, { env, encoding: 'utf8' })).stdout.trim();
  const stop = (): void => {
    for (const name of ['slurmd', 'slurmctld']) kill(join(folder, `${name}.pid`));
    own?.kill();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  const until = async (what: string, isSo: () => Promise<boolean>): Promise<void> => {
    for (const end = Date.now() + 150_000; Date.now() < end; await wait(200)) if (await isSo()) return;
    const logs = ['slurmctld.log', 'slurmd.log'].map((name) => readFileSync(join(folder, name), 'utf8').slice(-4000));
    throw new Error(`${what} did not come:\n${await call('squeue')}\n${logs.join('\n')}`);
  };
  try {
    await until('an idle node', async () => (await call('sinfo', '-h', '-o', '%T').catch(() => '')) === 'idle');
  } catch (error) {
    stop();
    throw error;
  }
  return {
    env,
    call,
    stop,
    drain: () => until('the end of all jobs', async () => (await call('squeue', '-h')) === ''),
    untilRunning: (job) =>
      until(`the start of ${job}`, async () =>
        (await call('squeue', '-h', '-r', '-t', 'R', '-o', '%i')).split('\n').includes(job),
      ),
    endOf: (job) => readEnds(join(folder, 'jobcomp.txt')).get(job),
  };
}

/** Starts munge where none answers (its socket outlives it). It proves to each of Slurm's programs who the others are. */
function startMunge(env: NodeJS.ProcessEnv): { readonly kill: () => void } | null {
  if (spawnSync('munge', ['--no-input'], { env, stdio: 'ignore' }).status === 0) return null;
  execFileSync('install', ['-d', '-o', 'munge', '-g', 'munge', '/run/munge']);
  const child = spawn('runuser', ['-u', 'munge', '--', 'munged', '--foreground', '--force'], { env, stdio: 'ignore' });
  return { kill: () => void child.kill() };
}

/** By job, or `job_task` for those of arrays, how the last attempt ended. */
function readEnds(path: string): Map<string, string> {
  const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n') : [];
  const field = (line: string, name: string): string => new RegExp(`\\b${name}=(\\S+)`, 'u').exec(line)?.[1] ?? '';
  const job = (line: string): string => {
    const array = field(line, 'ArrayJobId');
    return array === '' ? field(line, 'JobId') : `${array}_${field(line, 'ArrayTaskId')}`;
  };
  return new Map(lines.map((line) => [job(line), field(line, 'JobState')]));
}

function kill(pidFile: string): void {
  if (existsSync(pidFile)) process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGKILL');
}

function configure(folder: string, host: string): string {
  return `ClusterName=test
SlurmctldHost=${host}(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
# A job that was put back waits until its credential has expired: two minutes if nothing is said.
AuthInfo=socket=/run/munge/munge.socket.2,cred_expire=5
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
MpiDefault=none
SwitchType=switch/none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/filetxt
JobCompLoc=${folder}/jobcomp.txt
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=2,bf_interval=2
StateSaveLocation=${folder}/state
SlurmdSpoolDir=${folder}/spool
SlurmctldPidFile=${folder}/slurmctld.pid
SlurmdPidFile=${folder}/slurmd.pid
SlurmctldLogFile=${folder}/slurmctld.log
SlurmdLogFile=${folder}/slurmd.log
SlurmctldPort=16817
SlurmdPort=16818
SlurmdParameters=config_overrides
ReturnToService=2
MinJobAge=2
KillWait=2
MaxArraySize=${MAX_ARRAY_SIZE}
NodeName=${host} NodeAddr=127.0.0.1 CPUs=2 RealMemory=2000 State=UNKNOWN
PartitionName=cpu Nodes=ALL Default=YES MaxTime=INFINITE State=UP
`;
}

/** Slurm 22.05 asks for a cgroup plug-in in any case; this one does nothing with its mount point. */
function configureCgroup(folder: string): string {
  return `CgroupPlugin=cgroup/v1
CgroupMountpoint=${folder}/cgroup
ConstrainCores=no
ConstrainRAMSpace=no
`;
}
