/** A function as callers name it, and the one way to read `{service}[.{qualifier}]`. */
import { LATEST } from '../../domain/names/fc.ts';

export interface FunctionAddress {
  readonly service: string;
  /** A version, an alias or LATEST. */
  readonly qualifier: string;
  readonly function: string;
}

/** Split at the first dot; no qualifier is LATEST. */
export function splitQualifier(segment: string): Pick<FunctionAddress, 'service' | 'qualifier'> {
  const dot = segment.indexOf('.');
  return dot < 0
    ? { service: segment, qualifier: LATEST }
    : { service: segment.slice(0, dot), qualifier: segment.slice(dot + 1) };
}
