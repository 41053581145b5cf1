import { ApiObject, JsonPatch, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { BackupCronJob, BackupStore } from '../../../src';
import { asStored } from '../../../src/constructs/core/as-stored';
import { newChart, objectsOf, podOf, props } from '../../synth';

test('what says nothing is left out, and what says something stays', () => {
  expect(asStored({
    hostNetwork: false, minReadySeconds: 0, externalIPs: [], mounts: [{ readOnly: false }, { readOnly: true }], suspend: false, backoffLimit: 0, args: [''], emptyDir: {},
  })).toEqual({ mounts: [{}, { readOnly: true }], suspend: false, backoffLimit: 0, args: [''], emptyDir: {} });
});

test('what is one value to the API server is whole', () => {
  expect(asStored({ valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } })).toEqual({ valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'status.podIP' } } });
  expect(asStored({ valueFrom: { fieldRef: { apiVersion: 'v2', fieldPath: 'x' } } })).toEqual({ valueFrom: { fieldRef: { apiVersion: 'v2', fieldPath: 'x' } } });
});

test('names that mean something else elsewhere are left alone', () => {
  const data = { limits: '1024Mi', requests: ['1024Mi'], constructor: 'x', hostNetwork: 'false', sizeLimit: 'none', fieldRef: 'x' };
  expect(asStored({ data })).toEqual({ data });
});

test('what users still say about an object is written so, too, and patches find what cdk8s-plus makes', () => {
  const chart = newChart();
  const backup = new BackupCronJob(chart, 'db-backup', props({ stores: [BackupStore.volume({ size: Size.gibibytes(1) })] }));
  const pod = '/spec/jobTemplate/spec/template/spec';
  ApiObject.of(backup.cronJob).addJsonPatch(
    JsonPatch.replace(`${pod}/hostNetwork`, true),
    JsonPatch.add(`${pod}/containers/0/resources/limits/ephemeral-storage`, kplus.k8s.Quantity.fromString('2048Mi')),
  );
  expect(podOf(objectsOf(chart))).toMatchObject({ hostNetwork: true, containers: [{ resources: { limits: { 'ephemeral-storage': '2Gi' } } }] });
  expect(ApiObject.of(backup.cronJob).toJson()).toEqual(objectsOf(chart).find(({ kind }) => kind === 'CronJob'));
});
