import type { ReportFormat } from '../report/formats.ts';
import type { HtmlDetail } from '../report/options.ts';
import type { ProgressWhen, When } from './terminal.ts';

/** Flags that every command has. */
export interface CommonFlags {
  readonly color: When;
  readonly ascii?: true;
  readonly quiet?: true;
  readonly verbose?: true;
}

/** Flags of what writes a report. */
export interface ReportFlags extends CommonFlags {
  readonly format?: ReportFormat;
  readonly json?: true;
  readonly output?: readonly string[];
  readonly metricsJson?: string;
  readonly top?: number;
  readonly htmlDetail?: HtmlDetail;
  readonly provenance: boolean;
}

/** Flags of what reads tensors. */
export interface RunFlags {
  readonly progress: ProgressWhen | false;
  readonly threads?: number;
}

/** Flags of what is held to rules. */
export interface RuleFlags {
  readonly failOn?: readonly string[];
  readonly allowNonfinite?: true;
}

/** Flags of what opens checkpoints. */
export interface OpenFlags extends Pick<RuleFlags, 'failOn'> {
  readonly key?: string;
  readonly variant?: string;
  readonly includeOptimizer?: true;
  readonly raw?: true;
  readonly limit?: Readonly<Record<string, number>>;
}

/** Flags of what opens one checkpoint. */
interface OpenOneFlags extends OpenFlags {
  readonly adapter?: string;
}

/** How sums are taken. */
export const PRECISIONS = ['fast', 'double'] as const;

/** Flags for one side of a comparison, beside those for both. */
export interface SideFlags {
  readonly keyOld?: string;
  readonly keyNew?: string;
  readonly variantOld?: string;
  readonly variantNew?: string;
  readonly adapterOld?: string;
  readonly adapterNew?: string;
  readonly includeOld?: readonly string[];
  readonly includeNew?: readonly string[];
  readonly renameOld?: readonly string[];
  readonly renameNew?: readonly string[];
  readonly stripPrefixOld?: readonly string[];
  readonly stripPrefixNew?: readonly string[];
}

/** Flags of what tells the result of a comparison. */
export interface ResultFlags extends ReportFlags, RuleFlags {
  readonly includeUnchanged?: true;
  readonly histogram?: true;
  readonly exitCode?: true;
  /** false: none, not even that of the working directory. */
  readonly config?: string | false;
}

/** Where inputs of a plan lie now. */
export interface MovedFlags extends Pick<SideFlags, 'adapterOld' | 'adapterNew'> {
  readonly old?: string;
  readonly new?: string;
}

/** Flags of one part of a comparison. */
interface ShardFlags extends MovedFlags {
  readonly shard?: string;
  readonly runDir?: string;
  readonly parts?: number;
  readonly force?: true;
}

/** Flags of a comparison. */
export interface DiffFlags extends ResultFlags, RunFlags, OpenFlags, SideFlags, RuleFlags, ShardFlags {
  readonly threshold?: number;
  readonly precision?: (typeof PRECISIONS)[number];
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  readonly rename?: readonly string[];
  readonly stripPrefix?: readonly string[];
  readonly autoPrefix: boolean;
  readonly headersOnly?: true;
}

/** Flags of the plan of a comparison in parts. */
export type PlanFlags = DiffFlags;

/** Flags of a submission to a scheduler. */
export interface SubmitFlags extends PlanFlags {
  readonly cpus?: number;
  readonly mem?: string;
  readonly time?: string;
  readonly partition?: string;
  readonly maxParallel?: number;
  readonly stagger?: number;
  readonly sbatchArg?: readonly string[];
  readonly dryRun?: true;
}

/** Flags of the report of a comparison in parts. */
export interface CombineFlags extends ResultFlags, RunFlags, MovedFlags {
  readonly allowPartial?: true;
}

/** Flags of a look at a comparison in parts. */
export interface StatusFlags extends CommonFlags {
  readonly json?: true;
}

/** What a configuration may say in place of flags. */
export type SharedOptions = Pick<DiffFlags, 'threshold' | 'precision' | 'include' | 'exclude' | 'rename' | 'stripPrefix'>;

/** Flags of a series. */
export interface SeriesFlags extends Omit<
  DiffFlags,
  'exitCode' | 'headersOnly' | 'config' | 'allowNonfinite' | 'includeUnchanged' | 'histogram' | keyof SideFlags | keyof ShardFlags
> {
  readonly base?: string;
}

/** Flags of the report of a saved comparison. */
export interface SavedFlags extends ReportFlags, RuleFlags {}

/** Flags of the comparison that comes with the package. */
export type DemoFlags = ReportFlags;

/** Flags of a look at the installation. */
export interface DoctorFlags extends CommonFlags {
  readonly json?: true;
}

/** Flags of the making of a manifest. */
export interface HashFlags extends CommonFlags, RunFlags, OpenOneFlags {
  readonly output?: string;
  readonly provenance: boolean;
}

/** Forms of what `inspect` prints. */
export const INSPECT_FORMATS = ['text', 'json', 'jsonl', 'tsv'] as const;
export type InspectFormat = (typeof INSPECT_FORMATS)[number];

/** Flags of a look into one checkpoint. */
export interface InspectFlags extends CommonFlags, RunFlags, OpenOneFlags {
  readonly format?: InspectFormat;
  readonly json?: true;
  readonly top?: number;
  readonly stats?: true;
  readonly security?: true;
  readonly provenance: boolean;
}
