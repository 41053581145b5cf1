import * as kplus from 'cdk8s-plus-28';
import { Construct, IConstruct } from 'constructs';
import { asResource } from '../core/any-version';
import { checkKeyName } from '../core/check';
import { checkValue, needed } from '../core/form';
import { at } from '../core/located';
import { CONFIG_MAP, SECRET, text } from '../core/takes';

/** The certificate of the authority that signed a server's certificate, as a PEM file in the cluster. */
export class CaCertificate {
  /**
   * From a ConfigMap, the usual place: a certificate is no secret.
   *
   * @param configMap the ConfigMap: of any cdk8s-plus, or an `ApiObject`.
   * @param key of the PEM text in the ConfigMap.
   */
  public static fromConfigMap(configMap: IConstruct, key: string = 'ca.crt'): CaCertificate {
    at('CaCertificate.fromConfigMap', () => {
      checkValue('configMap', configMap, needed(CONFIG_MAP));
      checkKey(key);
    });
    return new CaCertificate((scope, id, options) => kplus.Volume.fromConfigMap(scope, id, asResource(configMap), options), key);
  }

  /**
   * From a Secret, where many operators put it beside the key.
   *
   * @param secret the Secret: of any cdk8s-plus, or an `ApiObject`.
   * @param key of the PEM text in the Secret.
   */
  public static fromSecret(secret: IConstruct, key: string = 'ca.crt'): CaCertificate {
    at('CaCertificate.fromSecret', () => {
      checkValue('secret', secret, needed(SECRET));
      checkKey(key);
    });
    return new CaCertificate((scope, id, options) => kplus.Volume.fromSecret(scope, id, asResource(secret), options), key);
  }

  /**
   * Where the file is once it is mounted.
   *
   * @internal
   */
  public static _fileIn(directory: string): string {
    return `${directory}/${FILE}`;
  }

  private constructor(
    private readonly volume: (scope: Construct, id: string, options: kplus.ConfigMapVolumeOptions) => kplus.Volume,
    private readonly key: string,
  ) {}

  /**
   * The mount that brings the file to `directory/ca.crt`. Only the one key is mounted, never a private key beside it.
   *
   * @internal
   */
  public _mount(scope: Construct, id: string, directory: string): { readonly mount: kplus.VolumeMount; readonly file: string } {
    const volume = this.volume(scope, id, { name: id, items: { [this.key]: { path: FILE } } });
    return { mount: { path: directory, volume, readOnly: true }, file: CaCertificate._fileIn(directory) };
  }
}

const FILE = 'ca.crt';

function checkKey(key: string): void {
  checkValue('key', key, text('ca.crt'));
  checkKeyName('key', key);
}
