import { Construct } from 'constructs';
import { Reach, SourceParts } from './source';
import { EngineName, TargetConfig } from '../../contract/config';
import { PodParts } from '../parts/pod-parts';

/** A way to restore: its options are checked, and nobody knows the target yet. */
export interface RestoreDefinition<Engine extends EngineName = EngineName> {
  readonly engine: Engine;

  /** Whether the whole artifact has to be put into a file first. */
  readonly needsScratch: boolean;

  /** Makes a target of a source: with the same connection, password and mounts. */
  bind(scope: Construct, source: SourceParts<Engine>): TargetParts<Engine>;
}

/** What a target brings to the pod. */
export interface TargetParts<Engine extends EngineName = EngineName> extends PodParts<TargetConfig<Engine>>, Reach {
  /** Whether what is there before is stored as an ordinary backup: then the pod writes to the stores. */
  readonly storesPrevious: boolean;
}

/** Makes a target of a source that may be of another engine. */
export function bindTarget(mode: RestoreDefinition, scope: Construct, source: SourceParts): TargetParts {
  const { engine } = source.config;
  if (engine !== mode.engine) {
    throw new Error(`'mode' is for ${mode.engine}, and the target is ${engine}: leave it out for the default, or choose one that says ${engine}`);
  }
  return mode.bind(scope, source);
}
