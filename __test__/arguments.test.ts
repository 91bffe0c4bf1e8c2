/** Every public function with wrong input: one kind of error, which says what was expected, what was found, and the nearest right name. */
import { runInNewContext } from 'node:vm';

import test from 'ava';
import * as api from 'model-diff';
import { Checkpoint, Comparison, DiffAnalyzer, DiffVisualizer, ModelDiff, ModelDiffError, analyze } from 'model-diff';

import { encodeFloats, writeTemporary } from './helpers/safetensors.ts';

/** Calls with arguments of any type, as JavaScript makes them. */
type Loose = (...args: unknown[]) => unknown;

interface Wrong {
  readonly args: readonly unknown[];
  readonly message: RegExp;
  readonly hint?: RegExp;
}

/** A function or method, whether it answers with a promise, and what is refused. */
interface Entry {
  readonly call: Loose;
  readonly isAsync?: true;
  readonly wrong: readonly Wrong[];
}

const wrong = (args: readonly unknown[], message: RegExp, hint?: RegExp): Wrong => ({ args, message, ...(hint && { hint }) });

const path = writeTemporary(encodeFloats(new Map([['weight', [1, 2, 3]]])));
const checkpoint = Checkpoint.fromTensors({ weight: { data: new Float32Array([1, 2]), shape: [2] } });
const other = Checkpoint.fromTensors({ weight: { data: new Float32Array([1, 3]), shape: [2] } });
const comparison = Comparison.fromRows([{ name: 'weight', changeType: 'modified', relativeChange: 0.1 }]);
const { diffs, summary } = comparison;
const analysis = analyze(comparison);
const make =
  (Class: unknown): Loose =>
  (...args) =>
    Reflect.construct(Class as new () => unknown, args);
const method = (target: object, name: string): Loose => {
  const found = (target as Readonly<Record<string, Loose>>)[name];
  return (...args) => found?.apply(target, args);
};

const NO_SIGNAL = wrong([{ signl: undefined }], /has no option "signl"/u, /^did you mean signal\?$/u);
const after = (first: readonly unknown[], { args, ...rest }: Wrong): Wrong => ({ args: [...first, ...args], ...rest });
/** Options of a run, behind the other arguments. */
const runOptions = (...first: unknown[]): Wrong[] => [
  after(first, NO_SIGNAL),
  wrong([...first, null], /must be an object, not null$/u),
  wrong([...first, new Map([['signal', null]])], /must be an object, not a Map$/u),
  wrong([...first, { signal: {} }], /^signal must be an AbortSignal, not \{\}$/u),
  wrong([...first, { onProgress: 'yes' }], /^onProgress must be a function, not "yes"$/u),
];
const analysisOptions = (...first: unknown[]): Wrong[] => [
  wrong([...first, null], /must be an object, not null$/u),
  wrong([...first, { layerPattern: {} }], /has no option "layerPattern"/u, /^did you mean layerPatterns\?$/u),
  wrong([...first, { layerPatterns: { mlp: 5 } }], /^layerPatterns must be an object with a regular expression/u),
  wrong([...first, { layerPatterns: { mlp: '(' } }], /^layerPatterns\.mlp: /u, /regular expression/u),
  wrong([...first, { significantChangeThreshold: -1 }], /^significantChangeThreshold must be a number from 0, not -1$/u),
];
const diffOptions = (...first: unknown[]): Wrong[] => [
  wrong([...first, { changeTreshold: 1 }], /has no option "changeTreshold"/u, /^did you mean changeThreshold\?$/u),
  wrong([...first, { precision: 'half' }], /^precision must be "fast" or "double", not "half"$/u),
  wrong([...first, { include: '*.weight' }], /^include must be an array of strings, not "\*\.weight"$/u),
  wrong([...first, { include: ['[a'] }], /^include has the pattern "\[a" with an open bracket/u, /\[abc\]/u),
  wrong([...first, { rename: ['a'] }], /^rename has the rule "a": expected REGEX=>REPLACEMENT$/u, /=>/u),
  wrong([...first, { threads: 0 }], /^threads must be a whole number from 1 to 1024, not 0$/u),
];
const NO_COMPARISON = [
  wrong([null], /takes a Comparison, not null$/u, /compare/u),
  wrong([{}], /takes a Comparison, not \{\}$/u, /compare/u),
  wrong([JSON.parse(JSON.stringify(comparison))], /columns\.errors must be a Map, not \{\}$/u, /structuredClone/u),
  wrong([{ ...comparison, summary: undefined }], /summary must be an object, not undefined$/u),
];
const visualOptions = (...first: unknown[]): Wrong[] => [
  wrong([...first, { colourScheme: 'dark' }], /has no option "colourScheme"/u, /^did you mean colorScheme\?$/u),
  wrong([...first, { chartWidth: '800' }], /^chartWidth must be a number from 100 to 10000, not "800"$/u),
];
const NO_ROWS = [
  wrong([5], /takes a list of rows, not 5$/u, /diffs/u),
  wrong([[null]], /^row 0 must be an object with a name, not null$/u, /diffs/u),
  wrong([[{ name: 5 }]], /^row 0 must be an object with a name, not \{"name":5\}$/u, /diffs/u),
];
const NO_RESULT = [
  wrong([5, summary], /takes a list of rows, not 5$/u, /diffs/u),
  wrong([diffs, null], /^summary must be the summary of a comparison, not null$/u),
  wrong([diffs, { tensors: {} }], /^summary\.tensors .*columns\.names must be an array/u),
];
const NO_REPORT = [
  ...NO_RESULT.map(({ args, ...rest }) => ({ args: [...args, analysis], ...rest })),
  wrong([diffs, summary, null], /^analysis must be what analyze gave, not null$/u),
  wrong([diffs, summary, { summary: { verdict: 'x' } }], /^analysis must be what analyze gave, not \{/u),
];
const NAMES = wrong([diffs, summary, analysis, 5], /^oldName must be a string, not 5$/u);

const detached = new Float32Array(2);
structuredClone(detached.buffer, { transfer: [detached.buffer] });

const tensors: readonly Wrong[] = [
  wrong([null], /must be an object or a Map of tensors by name, not null$/u, /data: new Float32Array/u),
  wrong([[]], /must be an object or a Map of tensors by name, not \[\]$/u),
  wrong([new Float32Array(2)], /not a Float32Array$/u),
  wrong([{ a: null }], /^tensor a must be \{ data, shape, dtype\? \}, not null$/u),
  wrong([{ a: { data: [1, 2], shape: [2] } }], /^data of tensor a must be a typed array, not \[1,2\]$/u),
  wrong(
    [{ a: { data: new DataView(new ArrayBuffer(2)), shape: [2] } }],
    /^data of tensor a must be a typed array, not a DataView$/u,
  ),
  wrong([{ a: { data: new Float32Array(2), shape: 2 } }], /^shape of tensor a must be an array of whole numbers, not 2$/u),
  wrong([{ a: { data: new Float32Array(2), shape: [3] } }], /^shape does not fit the data/u),
  wrong([{ a: { data: new Float32Array(2), shape: [2], dtype: 'bf16' } }], /^tensor a: a Float32Array holds f32, not "bf16"$/u),
  wrong([{ a: { data: detached, shape: [2] } }], /^data of tensor a is detached/u),
  wrong([new Map([[5, {}]])], /^the name of a tensor must be a string, not 5$/u),
];

const TABLE: Readonly<Record<string, Entry>> = {
  'new Checkpoint': { call: make(Checkpoint), wrong: [wrong([], /Checkpoint is not constructed/u, /loadCheckpoint/u)] },
  'Checkpoint.fromTensors': { call: method(Checkpoint, 'fromTensors'), wrong: tensors },
  'Checkpoint.getInfo': {
    call: method(checkpoint, 'getInfo'),
    wrong: [wrong([5], /^getInfo takes the name of a tensor, a string, not 5$/u)],
  },
  'Checkpoint.getLayersByPattern': {
    call: method(checkpoint, 'getLayersByPattern'),
    wrong: [
      wrong(['('], /^"\(" is no regular expression: /u, /regular expression/u),
      wrong([5], /^getLayersByPattern takes a regular expression or the text of one, not 5$/u),
    ],
  },
  'Checkpoint.getTensor': {
    call: method(checkpoint, 'getTensor'),
    isAsync: true,
    wrong: [
      wrong([5], /takes the name of a tensor, a string, not 5$/u),
      wrong(['wieght'], /^no tensor is called "wieght"$/u, /^did you mean weight\?$/u),
      wrong(['weight', null], /must be an object, not null$/u),
      wrong(['weight', { as: 'i8' }], /^as must be "f32", "f64" or "raw", not "i8"$/u),
      wrong(['weight', { lenght: 1 }], /has no option "lenght"/u, /^did you mean length\?$/u),
      wrong(['weight', { start: -1 }], /^start must be a whole number from 0, not -1$/u),
      wrong(['weight', { start: 1, length: 2 }], /lie outside the tensor weight of 2 elements$/u),
    ],
  },
  'Checkpoint.view': {
    call: method(checkpoint, 'view'),
    wrong: [
      wrong([5], /^view takes the name of a tensor, a string, not 5$/u),
      wrong(['wieght'], /^no tensor is called "wieght"$/u, /^did you mean weight\?$/u),
      wrong(['weight', { permute: [0] }], /^the operations of a view must be an array, not \{"permute":\[…\]\}$/u, /permute/u),
      wrong(['weight', [{ transpose: [0] }]], /must be one of permute, reshape, slice, concat, negate, add, not /u),
    ],
  },
  'Checkpoint.withViews': {
    call: method(checkpoint, 'withViews'),
    wrong: [
      wrong([5], /^views must be an object or a Map of views by name, not 5$/u, /checkpoint\.view/u),
      wrong([[checkpoint.view('weight')]], /^views must be an object or a Map of views by name, not \[/u),
      wrong([{ a: {} }], /^view a must be one that view\(\) has made, not \{\}$/u),
      wrong([new Map([[5, checkpoint.view('weight')]])], /^the name of a tensor must be a string, not 5$/u),
      wrong([{ a: other.view('weight') }], /^the view of tensor weight is one of another checkpoint$/u),
      wrong([{}, { without: 'weight' }], /^without must be an array of strings, not "weight"$/u),
      wrong([{}, { without: ['wieght'] }], /^no tensor is called "wieght"$/u, /^did you mean weight\?$/u),
      wrong([{}, { witout: [] }], /^withViews has no option "witout"$/u, /^did you mean without\?$/u),
    ],
  },
  'Checkpoint.computeStats': {
    call: method(checkpoint, 'computeStats'),
    isAsync: true,
    wrong: [
      wrong(['weight'], /^names must be an array of strings, not "weight"$/u),
      wrong([['wieght']], /^no tensor is called "wieght"$/u, /^did you mean weight\?$/u),
      ...runOptions(undefined),
    ],
  },
  'new CheckpointLoader': {
    call: make(api.CheckpointLoader),
    wrong: [
      wrong([null], /must be an object, not null$/u),
      wrong([{ computeStat: true }], /has no option "computeStat"/u, /^did you mean computeStats\?$/u),
    ],
  },
  'CheckpointLoader.load': {
    call: method(new api.CheckpointLoader(), 'load'),
    isAsync: true,
    wrong: [wrong([5], /^path must be a string that is not empty, not 5$/u)],
  },
  'CheckpointLoader.detectFormat': {
    call: method(new api.CheckpointLoader(), 'detectFormat'),
    isAsync: true,
    wrong: [wrong([5], /^path must be a string that is not empty, not 5$/u)],
  },
  'new Comparison': { call: make(Comparison), wrong: NO_COMPARISON },
  'Comparison.from': { call: method(Comparison, 'from'), wrong: NO_COMPARISON },
  'Comparison.fromRows': {
    call: method(Comparison, 'fromRows'),
    wrong: [
      ...NO_ROWS,
      wrong([[], 5], /^summary must be the summary of a comparison, not 5$/u),
      wrong([[], {}, null], /must be an object, not null$/u),
      wrong([[], {}, { topKLayer: 5 }], /has no option "topKLayer"/u, /^did you mean topKLayers\?$/u),
    ],
  },
  'Comparison.rows': {
    call: method(comparison, 'rows'),
    wrong: [
      wrong([null], /must be an object, not null$/u),
      wrong([{ unchangd: true }], /has no option "unchangd"/u, /^did you mean unchanged\?$/u),
    ],
  },
  'Comparison.row': {
    call: method(comparison, 'row'),
    wrong: [wrong([5], /^row takes the name of a tensor, a string, not 5$/u)],
  },
  'Comparison.filter': {
    call: method(comparison, 'filter'),
    wrong: [
      wrong([5], /^filter takes a string or an array of strings, not 5$/u),
      wrong(['[a'], /^filter has the pattern "\[a" with an open bracket/u, /\[abc\]/u),
    ],
  },
  'new DiffAnalyzer': { call: make(DiffAnalyzer), wrong: analysisOptions() },
  'DiffAnalyzer.analyze': { call: method(new DiffAnalyzer(), 'analyze'), wrong: NO_RESULT },
  'DiffAnalyzer.analyzeLayerTypes': { call: method(new DiffAnalyzer(), 'analyzeLayerTypes'), wrong: NO_ROWS },
  'DiffAnalyzer.detectChangePattern': { call: method(new DiffAnalyzer(), 'detectChangePattern'), wrong: NO_ROWS },
  'DiffAnalyzer.explainChangePattern': { call: method(new DiffAnalyzer(), 'explainChangePattern'), wrong: NO_ROWS },
  'DiffAnalyzer.generateInsights': {
    call: method(new DiffAnalyzer(), 'generateInsights'),
    wrong: [...NO_RESULT, wrong([diffs, summary, 5], /^layerAnalysis must be what analyzeLayerTypes gave, not 5$/u)],
  },
  'DiffAnalyzer.getMostChangedParameters': {
    call: method(new DiffAnalyzer(), 'getMostChangedParameters'),
    wrong: [...NO_ROWS, wrong([diffs, 'all'], /^topK must be a whole number from 0, not "all"$/u)],
  },
  'DiffAnalyzer.getLayerChangeRanking': { call: method(new DiffAnalyzer(), 'getLayerChangeRanking'), wrong: NO_ROWS },
  'DiffAnalyzer.compareTrainingStages': {
    call: method(new DiffAnalyzer(), 'compareTrainingStages'),
    wrong: [...NO_ROWS, ...NO_ROWS.map((one) => after([diffs], one))],
  },
  'new DiffVisualizer': {
    call: make(DiffVisualizer),
    wrong: [wrong([null], /must be an object, not null$/u), ...visualOptions()],
  },
  'DiffVisualizer.createHtmlReport': { call: method(new DiffVisualizer(), 'createHtmlReport'), wrong: [...NO_REPORT, NAMES] },
  'DiffVisualizer.createJsonReport': { call: method(new DiffVisualizer(), 'createJsonReport'), wrong: [...NO_REPORT, NAMES] },
  'DiffVisualizer.createTextReport': { call: method(new DiffVisualizer(), 'createTextReport'), wrong: [...NO_REPORT, NAMES] },
  'new ModelDiff': { call: make(ModelDiff), wrong: [wrong([null], /must be an object, not null$/u), ...diffOptions()] },
  'ModelDiff.diff': {
    call: method(new ModelDiff(), 'diff'),
    isAsync: true,
    wrong: [
      wrong([checkpoint, 'path'], /^diff takes two open checkpoints, not "path"$/u, /loadCheckpoint/u),
      wrong([checkpoint], /^diff takes two open checkpoints, not undefined$/u, /loadCheckpoint/u),
      ...runOptions(checkpoint, other),
    ],
  },
  'ModelDiff.getLayerDiffs': { call: method(new ModelDiff(), 'getLayerDiffs'), wrong: NO_ROWS },
  'new ModelDiffError': {
    call: make(ModelDiffError),
    wrong: [wrong(['message'], /^a ModelDiffError needs its details$/u, /kind/u)],
  },
  analyze: { call: api.analyze as Loose, wrong: [...NO_COMPARISON, ...analysisOptions(comparison)] },
  compare: {
    call: api.compare as Loose,
    isAsync: true,
    wrong: [
      wrong([5, checkpoint], /^the old side must be a path, a checkpoint or an object of tensors by name, not 5$/u),
      wrong([checkpoint], /^the new side must be a path, a checkpoint or an object of tensors by name, not undefined$/u),
      wrong([checkpoint, ''], /^path must be a string that is not empty, not ""$/u),
      wrong([checkpoint, { a: null }], /^tensor a must be \{ data, shape, dtype\? \}, not null$/u),
      wrong([checkpoint, other, { old: { keys: 'ema' } }], /^old has no option "keys"$/u, /^did you mean key\?$/u),
      wrong([checkpoint, other, { limits: { tensor: 5 } }], /^limits has no option "tensor"$/u, /^did you mean tensors\?$/u),
      wrong([checkpoint, other, { provenance: 5 }], /^provenance must be true or false or an object with a command, not 5$/u),
      wrong([checkpoint, other, { include: ['nothing'] }], /^include leaves no tensor to compare$/u, /layerNames/u),
      ...diffOptions(checkpoint, other),
      ...runOptions(checkpoint, other),
    ],
  },
  combineParts: {
    call: api.combineParts as Loose,
    isAsync: true,
    wrong: [
      wrong([5], /^the folder of the run must be a path, not 5$/u, /compare/u),
      wrong(['run', { allowPartal: true }], /has no option "allowPartal"/u, /^did you mean allowPartial\?$/u),
      wrong(['run', { threads: 0 }], /^threads must be a whole number from 1 to 1024, not 0$/u),
      ...runOptions('run'),
    ],
  },
  comparePart: {
    call: api.comparePart as Loose,
    isAsync: true,
    wrong: [
      wrong([5, 1], /^the folder of the run must be a path, not 5$/u, /compare/u),
      wrong(['run', 0], /^part must be a whole number from 1, not 0$/u),
      wrong(['run', '1'], /^part must be a whole number from 1, not "1"$/u),
      wrong(['run', 1, { forse: true }], /has no option "forse"/u, /^did you mean force\?$/u),
      wrong(['run', 1, { plan: { old: 5, new: path, options: { parts: 2 } } }], /^old must be a string, not 5$/u),
      ...runOptions('run', 1),
    ],
  },
  partsStatus: {
    call: api.partsStatus as Loose,
    isAsync: true,
    wrong: [wrong([5], /^the folder of the run must be a path, not 5$/u, /compare/u), after(['run'], NO_SIGNAL)],
  },
  planParts: {
    call: api.planParts as Loose,
    isAsync: true,
    wrong: [
      wrong([checkpoint, path, 'run', { parts: 2 }], /^the old side must be a path, not a Checkpoint$/u, /compare/u),
      wrong([path, 5, 'run', { parts: 2 }], /^the new side must be a path, not 5$/u, /compare/u),
      wrong([path, path, '', { parts: 2 }], /^the folder of the run must be a path, not ""$/u),
      wrong([path, path, 'run', {}], /^planParts needs the number of parts$/u, /parts: 64/u),
      wrong([path, path, 'run', { parts: 0 }], /^parts must be a whole number from 1 to 99999, not 0$/u),
      wrong([path, path, 'run', { parts: 2, topKLayers: 3 }], /^planParts has no option "topKLayers"$/u),
    ],
  },
  compareStructure: {
    call: api.compareStructure as Loose,
    isAsync: true,
    wrong: [
      wrong([5, checkpoint], /^the old side must be a path, a checkpoint or an object of tensors by name, not 5$/u),
      wrong([checkpoint], /^the new side must be a path, a checkpoint or an object of tensors by name, not undefined$/u),
      ...diffOptions(checkpoint, other),
      ...runOptions(checkpoint, other),
    ],
  },
  hashCheckpoint: {
    call: api.hashCheckpoint as Loose,
    isAsync: true,
    wrong: [
      wrong([5], /^path must be a string that is not empty, not 5$/u),
      wrong([path, { thread: 1 }], /has no option "thread"/u, /^did you mean threads\?$/u),
      ...runOptions(path),
    ],
  },
  readManifest: {
    call: api.readManifest as Loose,
    isAsync: true,
    wrong: [wrong([5], /^readManifest takes the path of a manifest, not 5$/u)],
  },
  writeManifest: {
    call: api.writeManifest as Loose,
    isAsync: true,
    wrong: [wrong([5, {}], /^writeManifest takes a path, not 5$/u), wrong([{}], /^writeManifest takes a path, not \{\}$/u)],
  },
  compareCheckpoints: {
    call: api.compareCheckpoints as Loose,
    isAsync: true,
    wrong: [
      wrong([path], /^the new side must be a path/u),
      wrong([path, path, null], /must be an object, not null$/u),
      ...diffOptions(path, path),
      ...runOptions(path, path, {}),
    ],
  },
  compareSeries: {
    call: api.compareSeries as Loose,
    isAsync: true,
    wrong: [
      wrong([5], /at least two checkpoints/u),
      wrong([[path]], /at least two checkpoints/u),
      wrong([[path, {}]], /^checkpoint 2 of a series must be a path or an open checkpoint, not \{\}$/u, /fromTensors/u),
      wrong([[path, path], null], /must be an object, not null$/u),
      wrong([[path, path], {}, { base: 5 }], /^base must be/u),
      wrong([[path, path], {}, { adapter: path }], /^compareSeries has no option "adapter"$/u),
      ...diffOptions([path, path]),
      ...runOptions([path, path], {}),
    ],
  },
  createSeries: {
    call: api.createSeries as Loose,
    wrong: [
      wrong([null], /must be an object, not null$/u),
      wrong([{ old: {} }], /^createSeries has no option "old"$/u),
      wrong([{ base: 5 }], /^base must be/u),
      ...diffOptions(),
      ...runOptions(),
    ],
  },
  'Series.add': {
    call: method(api.createSeries(), 'add'),
    isAsync: true,
    wrong: [
      wrong([5], /must be a path, a checkpoint or an object of tensors by name, not 5$/u),
      wrong([{ a: null }], /^tensor a must be \{ data, shape, dtype\? \}, not null$/u),
    ],
  },
  'Series.result': {
    call: method(api.createSeries(), 'result'),
    wrong: [wrong([], /at least two|fewer than two|two checkpoints/u)],
  },
  createDiffReport: {
    call: api.createDiffReport as Loose,
    wrong: [
      ...NO_REPORT,
      wrong([diffs, summary, analysis, null], /must be an object, not null$/u),
      wrong([diffs, summary, analysis, { fromat: 'html' }], /has no option "fromat"/u, /^did you mean format\?$/u),
      wrong([diffs, summary, analysis, { format: 'pdf' }], /^format must be "text".* not "pdf"$/u),
      wrong(
        [diffs, summary, analysis, { config: { chartWith: 5 } }],
        /^config has no option "chartWith"$/u,
        /^did you mean chartWidth\?$/u,
      ),
    ],
  },
  createSeriesReport: {
    call: api.createSeriesReport as Loose,
    wrong: [
      wrong([null], /takes the result of compareSeries, not null$/u),
      wrong([{}], /takes the result of compareSeries, not \{\}$/u),
      wrong([{}, { row: 5 }], /has no option "row"/u, /^did you mean rows\?$/u),
      wrong([{}, { names: 'a' }], /^names must be an array of strings, not "a"$/u),
    ],
  },
  detectFormat: {
    call: api.detectFormat as Loose,
    isAsync: true,
    wrong: [wrong([5], /^path must be a string that is not empty, not 5$/u), ...runOptions(path)],
  },
  loadCheckpoint: {
    call: api.loadCheckpoint as Loose,
    isAsync: true,
    wrong: [
      wrong([checkpoint], /^path must be a string that is not empty, not a Checkpoint$/u, /compare/u),
      wrong([path, { computeStats: 'yes' }], /^computeStats must be true or false, not "yes"$/u),
      wrong([path, { keys: 'model' }], /has no option "keys"/u, /^did you mean key\?$/u),
      ...runOptions(path),
    ],
  },
  parseReport: { call: api.parseReport as Loose, wrong: [wrong([5], /^parseReport takes the text of a report, not 5$/u)] },
  checkRules: {
    call: api.checkRules as Loose,
    wrong: [
      ...NO_COMPARISON,
      wrong([comparison], /options of checkRules must be an object, not undefined$/u),
      wrong([comparison, { failon: [] }], /has no option "failon"$/u, /^did you mean failOn\?$/u),
      wrong([comparison, { failOn: 'nan' }], /^failOn must be an array of strings, not "nan"$/u),
      wrong(
        [comparison, { failOn: ['nan', 'chnage>1'] }],
        /^failOn\[1\] "chnage>1": there is no rule/u,
        /^did you mean change\?$/u,
      ),
      wrong([comparison, { expect: { may: { ad: [] } } }], /^may has no option "ad"$/u, /^did you mean add\?$/u),
      wrong(
        [comparison, { expect: { identical: ['[a'] } }],
        /^expect\.identical\[0\] has the pattern "\[a" with an open bracket/u,
      ),
      wrong([comparison, { allowNonfinite: 'yes' }], /^allowNonfinite must be true or false, not "yes"$/u),
    ],
  },
  renderReport: {
    call: api.renderReport as Loose,
    wrong: [
      ...NO_COMPARISON,
      wrong([comparison, null], /must be an object, not null$/u),
      wrong([comparison, { analysis: {} }], /^analysis must be what analyze gave, not \{\}$/u),
      ...visualOptions(comparison),
    ],
  },
};

for (const [name, { call, isAsync, wrong: cases }] of Object.entries(TABLE)) {
  test(`${name} refuses what is wrong`, async (t) => {
    for (const [at, { args, message, hint }] of cases.entries()) {
      const title = `case ${at}`;
      let answer: unknown;
      let error: unknown;
      let isThrown = false;
      try {
        answer = call(...args);
      } catch (thrown) {
        [error, isThrown] = [thrown, true];
      }
      t.is(isThrown, isAsync !== true, `${title}: ${isThrown ? 'threw' : 'did not throw'} synchronously`);
      if (isAsync === true) {
        error = await (answer as Promise<unknown>).then(
          () => undefined,
          (reason: unknown) => reason,
        );
      }
      if (!(error instanceof ModelDiffError)) {
        t.fail(`${title}: ${String(error)}`);
        continue;
      }
      t.is(`${error.kind} ${error.code}`, 'Argument E_ARGUMENT', title);
      t.regex(error.message, message, title);
      if (hint !== undefined) t.regex(error.hint ?? '', hint, title);
    }
  });
}

/** Public functions that take nothing, and what is no function. */
const WITHOUT_ARGUMENTS = ['CHANGE_TYPES', 'Checkpoint.close', 'Checkpoint.toJSON', 'ROUNDING_SHAPES', 'Series.close'];
/** Left out of index.d.ts. */
const INTERNAL = ['Checkpoint.fromNative', 'Comparison.fromColumns'];

function listMethods(name: string, owner: object): string[] {
  return Object.entries(Object.getOwnPropertyDescriptors(owner))
    .filter(([key, { value }]) => typeof value === 'function' && key !== 'constructor')
    .map(([key]) => `${name}.${key}`);
}

test('the table lists every function, class and method of the package', (t) => {
  const names = Object.entries(api).flatMap(([name, value]) => {
    if (typeof value !== 'function' || !/^class\b/u.test(Function.prototype.toString.call(value))) return [name];
    return [`new ${name}`, ...listMethods(name, value), ...listMethods(name, value.prototype as object)];
  });
  names.push(...listMethods('Series', Object.getPrototypeOf(api.createSeries()) as object));
  t.deepEqual(names.toSorted(), [...Object.keys(TABLE), ...WITHOUT_ARGUMENTS, ...INTERNAL].toSorted());
});

test('maps and arrays of another realm, and classes that extend an array, are taken for what they are', (t) => {
  class Weights extends Float32Array {}
  const given = {
    subclass: { data: new Weights([1, 2]), shape: [2] },
    shared: { data: new Float32Array(new SharedArrayBuffer(8)), shape: [2] },
    realm: runInNewContext('({ data: new Float32Array([1, 2]), shape: [2] })') as api.TensorData,
  };
  t.deepEqual(Checkpoint.fromTensors(given).layerNames, ['subclass', 'shared', 'realm']);
  const map = runInNewContext('new Map([["a", { data: new Float32Array([1, 2]), shape: [2] }]])') as Map<string, api.TensorData>;
  t.is(Checkpoint.fromTensors(map).getInfo('a')?.max, 2);
});

test('options of another realm are taken, and so is undefined for any of them', async (t) => {
  const options = runInNewContext('({ include: ["w*"], signal: undefined, old: { key: undefined } })') as api.CompareOptions;
  t.is((await api.compare(checkpoint, other, options)).summary.modifiedTensors, 1);
});

test('a message shows little of what was given, however large it is', (t) => {
  const huge = { a: Array.from({ length: 1e6 }, () => 'x'.repeat(10)), b: 'y'.repeat(1e6), c: 1, d: 1, e: 1 };
  const started = performance.now();
  const error = t.throws(() => api.parseReport(huge as unknown as string));
  t.true(performance.now() - started < 1000);
  t.is(error?.message, `parseReport takes the text of a report, not {"a":[…],"b":"${'y'.repeat(60)}…","c":1,"d":1,…}`);
});
