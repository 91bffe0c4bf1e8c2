import type { Failure } from '../binding.cjs';
import type { Finding, Severity } from '../checkpoint/types.ts';
import { type ErrorCode, type ErrorKind, ModelDiffError } from '../errors.ts';

/** Turns an answer of the binding into its value, or throws what went wrong. */
export function unwrap<T>(outcome: T | Failure): T {
  if (isFailure(outcome)) throw toError(outcome);
  return outcome;
}

/** Whether an answer of the binding is what went wrong. */
export function isFailure(outcome: unknown): outcome is Failure {
  return typeof outcome === 'object' && outcome !== null && 'failed' in outcome && outcome.failed === true;
}

/** A failure as the error that users see. What was found before the file broke rides along as `findings`. */
export function toError(failure: Failure): ModelDiffError {
  return new ModelDiffError(failure.message, {
    kind: failure.kind as ErrorKind,
    code: failure.code as ErrorCode,
    path: failure.path ?? undefined,
    tensor: failure.tensor ?? undefined,
    offset: failure.offset ?? undefined,
    hint: failure.hint ?? undefined,
    findings: failure.findings.map(toFinding),
  });
}

/** A finding as plain data. */
export function toFinding(finding: {
  code: string;
  severity: string;
  message: string;
  path?: string | undefined | null;
  offset?: number | undefined | null;
}): Finding {
  return {
    code: finding.code,
    severity: finding.severity as Severity,
    message: finding.message,
    path: finding.path ?? null,
    offset: finding.offset ?? null,
  };
}
