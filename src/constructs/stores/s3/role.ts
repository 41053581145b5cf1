import { S3Access } from './s3-access';
import { Right, Role } from '../../store-api/rights';

const RIGHTS: { readonly [access in S3Access]: readonly Right[] } = {
  [S3Access.READ]: ['read'],
  [S3Access.VERIFY]: ['read', 'note'],
  [S3Access.BACKUP]: ['read', 'note', 'put'],
  [S3Access.PRUNE]: ['read', 'note', 'delete'],
  // Credentials that nobody has said anything about.
  [S3Access.FULL]: ['read', 'note', 'put', 'delete', 'lifecycle'],
  [S3Access.LIFECYCLE]: ['lifecycle'],
};

export function roleOf(access: S3Access): Role {
  return { title: `S3Access.${access.toUpperCase()}`, rights: RIGHTS[access] };
}
