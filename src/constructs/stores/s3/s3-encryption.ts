import { S3EncryptionConfig } from '../../../contract/config';
import { checkText } from '../../core/check';

/** How S3 encrypts what it stores. It holds the keys and decrypts for everybody who may read. */
export class S3Encryption {
  /**
   * SSE-S3: with keys that S3 manages.
   */
  public static readonly S3_MANAGED = new S3Encryption({ algorithm: 'AES256', kmsKeyId: null });

  /**
   * SSE-KMS: with a key in AWS KMS, so that its use is logged and can be withdrawn. Writing needs `kms:GenerateDataKey`, reading and
   * multipart uploads need `kms:Decrypt`.
   *
   * @param keyId id, ARN or alias of the key; left out, the default key of the bucket.
   */
  public static kms(keyId?: string): S3Encryption {
    return new S3Encryption({ algorithm: 'aws:kms', kmsKeyId: keyId === undefined ? null : checkText('keyId', keyId) });
  }

  private constructor(private readonly config: S3EncryptionConfig) {}

  /**
   * @internal
   */
  public _toConfig(): S3EncryptionConfig {
    return this.config;
  }
}
