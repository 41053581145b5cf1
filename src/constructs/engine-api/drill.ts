import { Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { DatabaseConfig, DatabaseName, DatabaseTargetConfig } from '../../contract/config';

/** How a drill restores a database of one engine. */
export interface EngineDrill<Engine extends DatabaseName = DatabaseName> {
  /** Which of the properties that not every engine has are for it. */
  readonly properties: readonly DrillProperty[];

  /** The one of them that says what has to be there after a restore. */
  readonly assertedBy: DrillProperty;

  /** The server that is restored into; `null`: it needs none, and is restored into the scratch volume. */
  readonly server: ScratchServer | null;

  /**
   * The scratch server, as a restore is told of it. Nothing of the source gets into it but the name of the database. It is restored as a
   * restore does it, so that it takes what that takes.
   */
  target(source: DatabaseConfig<Engine>, asked: DrillQuestions): DatabaseTargetConfig<Engine>;

  /** Refuses a question for the newest time that can't be asked. */
  checkFreshness(sql: string): void;
}

/** The properties of a drill that not every engine has. */
export interface DrillQuestions {
  readonly databaseName?: string;
  readonly parallelJobs?: number;
  readonly tablesThatMayBeEmpty?: string[];
  readonly assertions?: string[];
  readonly freshness?: { readonly sql: string }[];
  readonly keys?: { readonly pattern: string; readonly atLeast?: number }[];
}

export type DrillProperty = keyof DrillQuestions;

/**
 * A server beside the runner. It listens on the loopback address of the pod only, which is why it needs no password: whoever reaches that
 * may exec into the pod anyway.
 */
export interface ScratchServer {
  /** Where nobody gives another one. */
  readonly image: string;

  /** In that image. */
  readonly user: number;

  container(given: ScratchServerOptions): ScratchContainer;
}

export interface ScratchServerOptions {
  /** Of the user. They come before those that are not the user's to set: nobody opens the server to the network. */
  readonly args: readonly string[];
  readonly memoryLimit: Size | undefined;
  /** Where it has its data, in a directory that it makes itself: of a volume's top it may not be the owner. */
  readonly data: string;
}

export interface ScratchContainer {
  readonly args: string[];
  readonly env: { readonly [name: string]: string };
  readonly directories: readonly EmptyDirectory[];
}

export interface EmptyDirectory {
  readonly id: string;
  readonly name: string;
  readonly path: string;
  readonly options: kplus.EmptyDirVolumeOptions;
}
