import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { AddressInfo } from 'node:net';
import path from 'node:path';
import { KubeApiServer } from './kube-apiserver';

export interface KubectlProxy {
  readonly url: string;
  close(): void;
}

/** What `kubectl proxy` does, with the token of a service account. */
export async function startKubectlProxy(server: KubeApiServer, namespace: string, account: string): Promise<KubectlProxy> {
  const token = readFileSync(path.join(await server.serviceAccountDirectory(namespace, account), 'token'), 'utf8');
  const proxy = http.createServer((request, response) => {
    request.pipe(https.request({
      host: server.host,
      port: server.port,
      path: request.url,
      method: request.method,
      rejectUnauthorized: false,
      agent: false,
      headers: { ...request.headers, authorization: `Bearer ${token}` },
    }, answer => {
      response.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(response);
    }).on('error', () => response.destroy()));
  }).listen(0, '127.0.0.1');
  await new Promise(resolve => proxy.once('listening', resolve));
  return {
    url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    close: () => {
      proxy.closeAllConnections();
      proxy.close();
    },
  };
}
