import { EndedJob, Namespace } from './_cluster';

/** One verb of one resource. */
export interface Right {
  readonly verb: string;
  readonly resource: string;
}

const isOf = ({ resource }: Right) => (rule: any) => rule.resources.includes(resource);

/** Everything that a Role allows. */
export async function rightsOf(ns: Namespace, role: string): Promise<Right[]> {
  const { rules } = await ns.get(`role/${role}`);
  return rules.flatMap(({ resources, verbs }: any) => resources.flatMap((resource: string) => verbs.map((verb: string) => ({ verb, resource }))));
}

/**
 * Runs jobs of a CronJob at the same time, each as an account that has all the rights of the Role but one; by what it lacks, such as `get secrets`.
 *
 * @param only this verb is taken away; every one if not given
 */
export async function runWithoutEach(ns: Namespace, cronJob: string, role: string, only?: string): Promise<Map<string, EndedJob>> {
  const { rules } = await ns.get(`role/${role}`);
  const rights = (await rightsOf(ns, role)).filter(({ verb }) => only === undefined || verb === only);
  const ended = rights.map(async (right, i): Promise<[string, EndedJob]> => {
    const name = `${cronJob}-without-${i}`;
    const lacking = rules.flatMap((rule: any) => isOf(right)(rule) && rule.verbs.includes(right.verb) ? withoutRight(rule, right) : [rule]);
    await ns.apply([
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } },
      { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata: { name }, rules: lacking },
      {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'RoleBinding',
        metadata: { name },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
        subjects: [{ kind: 'ServiceAccount', name, namespace: ns.name }],
      },
    ]);
    const job = await ns.run(cronJob, name, object => {
      object.spec.template.spec.serviceAccountName = name;
      object.spec.template.spec.serviceAccount = name;
    });
    return [`${right.verb} ${right.resource}`, job];
  });
  return new Map(await Promise.all(ended));
}

/** The rule without the verb for this resource; other resources that share it keep theirs. */
function withoutRight(rule: any, { verb, resource }: Right): any[] {
  const parts = [
    { ...rule, resources: rule.resources.filter((other: string) => other !== resource) },
    { ...rule, resources: [resource], verbs: rule.verbs.filter((other: string) => other !== verb) },
  ];
  return parts.filter(({ resources, verbs }) => resources.length > 0 && verbs.length > 0);
}

/** What a job says that was ended for the lack of a right. */
export const denied = ([right, { outcome, log }]: [string, EndedJob]) => {
  const [verb, resource] = right.split(' ');
  return { right, outcome, said: new RegExp(`cannot ${verb} resource \\\\*"${resource}`).test(log) ? 'which it lacks' : log };
};
