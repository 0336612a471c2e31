import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { apiGroups, namesOf } from '../../src/api/group.js';
import { parseSettings } from '../../src/controller/settings.js';
import { chartFolder, helm, helmIsThere, render, template, type RenderedObject } from './helm.js';

if (!helmIsThere) console.log('SKIPPED: no helm on the PATH or in HELM; the chart is not rendered here.');

const ruleSchema = z.object({
  apiGroups: z.array(z.string()),
  resources: z.array(z.string()),
  verbs: z.array(z.string()),
});
const role = z.object({ rules: z.array(ruleSchema) });
const deployment = z.object({
  spec: z.object({
    replicas: z.number(),
    template: z.object({
      spec: z.looseObject({
        securityContext: z.unknown(),
        containers: z.array(
          z.looseObject({ image: z.string(), args: z.array(z.string()), securityContext: z.unknown() }),
        ),
      }),
    }),
  }),
});

function only(objects: readonly RenderedObject[], kind: string): RenderedObject {
  const found = objects.filter((object) => object.kind === kind);
  expect(found.length, kind).toBe(1);
  return found[0]!;
}

function summary(objects: readonly RenderedObject[]): string[] {
  return objects
    .map(({ kind, metadata }) => [kind, metadata.namespace, metadata.name].filter(Boolean).join(' '))
    .sort();
}

function rulesOf(object: RenderedObject): string[] {
  return role
    .parse(object)
    .rules.flatMap(({ apiGroups: groups, resources, verbs }) =>
      resources.map((resource) => `${resource}${groups[0] === '' ? '' : `.${groups.join()}`}: ${verbs.join(' ')}`),
    )
    .sort();
}

/** What a process with these arguments would do. */
function settingsOf(objects: readonly RenderedObject[]) {
  const [container] = deployment.parse(only(objects, 'Deployment')).spec.template.spec.containers;
  const filled = container!.args.map((arg) =>
    arg.replace('$(POD_NAME)', 'pod-a').replace('$(POD_NAMESPACE)', 'databases'),
  );
  const parsed = parseSettings(filled, { version: '0', nodeImage: 'none', environment: {}, randomSuffix: 'x' });
  if (parsed.kind !== 'run') throw new Error(`the operator would not start with ${filled.join(' ')}`);
  return parsed.settings;
}

describe.skipIf(!helmIsThere)('the chart', () => {
  test('has nothing that Helm complains of', () => {
    expect(helm(['lint', '--strict', '--kube-version', '1.33.0', chartFolder])).toMatchObject({ ok: true });
  });

  test('by default has rights in its own namespace, and to read nodes', () => {
    expect(summary(render())).toEqual([
      'ClusterRole databases-qdrant-operator-nodes',
      'ClusterRoleBinding databases-qdrant-operator-nodes',
      'CustomResourceDefinition qdrantclusters.qdrantcluster.dev',
      'Deployment databases qdrant-operator',
      'Role databases databases-qdrant-operator',
      'Role databases qdrant-operator-lease',
      'RoleBinding databases databases-qdrant-operator',
      'RoleBinding databases qdrant-operator-lease',
      'ServiceAccount databases qdrant-operator',
    ]);
  });

  test('asks for the rights that the operator uses, and no others', () => {
    const roles = render().filter(({ kind }) => kind === 'Role' || kind === 'ClusterRole');
    expect(roles.flatMap(rulesOf)).toEqual([
      'nodes: get list watch',
      'configmaps: create delete get list patch watch',
      'events.events.k8s.io: create update',
      'persistentvolumeclaims: delete get list patch watch',
      'poddisruptionbudgets.policy: create delete get list patch watch',
      'pods: delete get list patch watch',
      'qdrantclusters.qdrantcluster.dev: get list watch',
      'qdrantclusters/status.qdrantcluster.dev: get patch',
      'secrets: get',
      'services: create delete get list patch watch',
      'statefulsets.apps: create get list patch watch',
      'leases.coordination.k8s.io: create get update',
    ]);
  });

  test('writes verbs in the order of the alphabet, so that none is repeated or missed', () => {
    for (const object of render().filter(({ kind }) => kind === 'Role' || kind === 'ClusterRole')) {
      for (const { verbs } of role.parse(object).rules) expect(verbs).toEqual([...verbs].sort());
    }
  });

  test('for several namespaces has a Role in each, and none elsewhere', () => {
    const roles = summary(render('watch.namespaces={a,b}', 'rbac.nodes=false')).filter((line) =>
      line.includes('Role '),
    );
    expect(roles).toEqual([
      'Role a databases-qdrant-operator',
      'Role b databases-qdrant-operator',
      'Role databases qdrant-operator-lease',
    ]);
  });

  test('for all namespaces has the same rules in a ClusterRole', () => {
    const all = render('watch.allNamespaces=true', 'rbac.nodes=false');
    expect(rulesOf(only(all, 'ClusterRole'))).toEqual(
      rulesOf(render().find(({ metadata }) => metadata.name === 'databases-qdrant-operator')!),
    );
  });

  test.each(apiGroups)('with the group %s has its definition, rights and argument', (group) => {
    const objects = render(`crds.group=${group}`);
    expect(only(objects, 'CustomResourceDefinition').metadata).toMatchObject({
      name: namesOf(group).crdName,
      annotations: { 'helm.sh/resource-policy': 'keep' },
    });
    expect(settingsOf(objects).group).toBe(group);
    expect(JSON.stringify(objects.filter(({ kind }) => kind === 'Role'))).toContain(`"apiGroups":["${group}"]`);
  });

  test('leaves the definition out when it is told to', () => {
    expect(summary(render('crds.install=false')).join()).not.toContain('CustomResourceDefinition');
  });

  test('starts the operator with arguments that it understands', () => {
    expect(settingsOf(render())).toMatchObject({
      watchNamespaces: ['databases'],
      identity: 'pod-a',
      leaseNamespace: 'databases',
      metricsPort: 9290,
      healthPort: 8285,
      nodeImage: 'vdb.local/qdrant',
      logLevel: 'info',
    });
    const settings = [
      'watch.allNamespaces=true',
      'logLevel=debug',
      'nodeImage.repository=registry.example:5000/qdrant',
      'metrics.port=9999',
    ];
    expect(settingsOf(render(...settings))).toMatchObject({
      watchNamespaces: [],
      logLevel: 'debug',
      nodeImage: 'registry.example:5000/qdrant',
      metricsPort: 9999,
    });
    expect(settingsOf(render('watch.namespaces={a,b}')).watchNamespaces).toEqual(['a', 'b']);
  });

  test('runs it with as little as a pod can have', () => {
    const { spec } = deployment.parse(only(render('replicas=2'), 'Deployment'));
    expect(spec.replicas).toBe(2);
    expect(spec.template.spec.securityContext).toEqual({
      runAsNonRoot: true,
      runAsUser: 1000,
      runAsGroup: 1000,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(spec.template.spec.containers[0]?.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      privileged: false,
      readOnlyRootFilesystem: true,
    });
  });

  test('offers its metrics, and shuts the rest, when it is asked to', () => {
    const more = render(
      'metrics.service.enabled=true',
      'metrics.podMonitor.enabled=true',
      'networkPolicy.enabled=true',
    );
    const names = summary(more);
    expect(names).toContain('Service databases qdrant-operator-metrics');
    expect(names).toContain('PodMonitor databases qdrant-operator');
    expect(names).toContain('NetworkPolicy databases qdrant-operator');
  });

  const wrong: [string, string[], string][] = [
    ['a value that is not there', ['replica=3'], 'replica'],
    ['a third operator', ['replicas=3'], 'replicas'],
    ['a group that it has no definition of', ['crds.group=example.com'], 'crds.group'],
    ['a level that the operator does not know', ['logLevel=loud'], 'logLevel'],
    ['all namespaces and some', ['watch.allNamespaces=true', 'watch.namespaces={a}'], 'unset one of them'],
    ['an account of nobody', ['serviceAccount.create=false'], 'set serviceAccount.name'],
  ];
  test.each(wrong)('refuses %s', (_, settings, says) => {
    const { ok, output } = template(...settings);
    expect(ok).toBe(false);
    expect(output).toContain(says);
  });
});
