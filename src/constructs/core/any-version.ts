/*
 * Objects of Kubernetes as an app has them: of whichever cdk8s-plus it is built on, or of cdk8s alone. Of each this library asks the name, the kind
 * and the chart, which are the same in all of them. What is handed in is an `IConstruct`, the one type that they share: jsii tells an object of one
 * version from an interface of another by its name, and Java's compiler too.
 */
import * as kplus from 'cdk8s-plus-28';
import { IConstruct } from 'constructs';

/** What `resource()` of takes.ts has accepted, as the cdk8s-plus takes it that this library is built on. */
export function asResource<T extends kplus.IResource>(object: IConstruct): T;
export function asResource<T extends kplus.IResource>(object: IConstruct | undefined): T | undefined;
export function asResource<T extends kplus.IResource>(object: IConstruct | undefined): T | undefined {
  return object as T | undefined;
}
