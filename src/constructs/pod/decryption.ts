import * as kplus from 'cdk8s-plus-28';
import { Construct, IConstruct } from 'constructs';
import { DecryptionConfig } from '../../contract/config';
import { asResource } from '../core/any-version';
import { checkKeyName, checkText, show } from '../core/check';
import { checkValue, needed, Takes } from '../core/form';
import { at } from '../core/located';
import { has, SECRET, text } from '../core/takes';
import { warn } from '../core/warnings';
import { CERTIFICATES, PodParts } from '../parts/pod-parts';

/**
 * With what encrypted backups are opened: a file with age identities, `AGE-SECRET-KEY-1…`, one a line. Several are tried, so that backups
 * from before a change of keys stay readable.
 *
 * It is mounted as a file, never an environment variable, and only into the job that reads.
 */
export class Decryption {
  /**
   * From a Secret of the namespace.
   *
   * Keep a copy outside of the cluster: with the only one in it, the backups are lost with it.
   *
   * @param secret the Secret: of any cdk8s-plus, or an `ApiObject`.
   * @param key of the file in the Secret; no other one is mounted.
   */
  public static fromSecret(secret: IConstruct, key: string = 'identity'): Decryption {
    at('Decryption.fromSecret', () => {
      checkValue('secret', secret, needed(SECRET));
      checkValue('key', key, text('identity'));
      checkKeyName('key', key);
    });
    const { name } = asResource(secret);
    const volume = (scope: Construct) => kplus.Volume.fromSecret(scope, 'Identity', asResource(secret), { name: 'identity', items: { [key]: { path: FILE } } });
    return new Decryption(volume, FILE, name);
  }

  /**
   * From any volume, such as one of a Secrets Store CSI driver, whose key lies outside of the cluster.
   *
   * @param volume a Volume of any cdk8s-plus.
   * @param path of the file inside the volume.
   */
  public static fromVolume(volume: IConstruct, path: string): Decryption {
    at('Decryption.fromVolume', () => {
      checkValue('volume', volume, needed(VOLUME));
      checkValue('path', path, needed(text('identity')));
      checkText('path', path);
      if (path.split('/').some(segment => segment === '' || segment === '.' || segment === '..')) {
        throw new Error(`'path' must name a file inside the volume, without a slash at its beginning and without empty, "." and ".." parts, got ${show(path)}`);
      }
    });
    return new Decryption(() => volume as kplus.Volume, path, undefined);
  }

  private constructor(
    private readonly volume: (scope: Construct) => kplus.Volume,
    private readonly path: string,
    /** The Secret that holds the identity, if there is one. */
    private readonly secretName: string | undefined,
  ) {}

  /**
   * Defines, in `scope`, what the pod needs to open backups, and warns there of what is unwise about it.
   *
   * @internal
   */
  public _bind(scope: Construct): PodParts<DecryptionConfig> {
    if (this.secretName !== undefined) {
      warn(scope, `the identity that opens the backups is in the Secret ${show(this.secretName)} of the cluster they are made for: if that is the only copy, the backups are lost `
        + 'with the cluster. Keep another one outside, or mount it from there with Decryption.fromVolume');
    }
    return {
      config: { identityFile: `${DIRECTORY}/${this.path}` },
      env: {},
      mounts: [{ path: DIRECTORY, volume: this.volume(scope), readOnly: true }],
      mountsClaim: false,
    };
  }
}

const VOLUME: Takes<IConstruct> = {
  what: 'a Volume',
  example: 'kplus.Volume.fromSecret(chart, "Identity", secret)',
  accepts: value => has(value, 'name', 'string') && has(value, 'asVolume', 'function'),
};
const DIRECTORY = `${CERTIFICATES}/identity`;
const FILE = 'identity';
