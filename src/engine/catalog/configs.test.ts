import { describe, expect, test } from 'vitest';
import { parseValue } from '../http/json-body.ts';
import { CreateFunctionInput, functionConfig, UpdateFunctionInput } from './function-config.ts';
import { healthCheckOf } from './health-check-config.ts';
import { CreateServiceInput, serviceConfig, UpdateServiceInput } from './service-config.ts';

const service = (settings: object) => serviceConfig({}, parseValue(UpdateServiceInput, settings));
const vpc = (vpcId: string, vSwitchIds: string[], securityGroupId: string) => ({
  vpcConfig: { vpcId, vSwitchIds, securityGroupId },
});
const VPC = vpc('vpc-1', ['vsw-1', 'vsw-2'], 'sg-1');
const nas = (serverAddr: string, ...folders: string[]) => ({
  nasConfig: { mountPoints: folders.map((mountDir) => ({ serverAddr, mountDir })) },
});
const node = { runtime: 'nodejs12', handler: 'index.handler' };
function fn(settings: object, stored = node) {
  const { code: _, ...changes } = parseValue(UpdateFunctionInput, settings);
  return functionConfig(stored, changes);
}

describe('services', () => {
  test('have every default filled in', () => {
    expect(service({})).toEqual({
      description: '',
      role: '',
      logConfig: { project: '', logstore: '', enableRequestMetrics: false, enableInstanceMetrics: false },
      vpcConfig: { vpcId: '', vSwitchIds: [], securityGroupId: '' },
      nasConfig: { userId: -1, groupId: -1, mountPoints: [] },
      internetAccess: true,
      tracingConfig: { type: '', params: {} },
    });
  });

  test('take what the Go SDK sends for nothing — nulls and empty members', () => {
    const sent = {
      description: null,
      logConfig: null,
      vpcConfig: { vpcId: '', vSwitchIds: [], securityGroupId: '' },
    };
    expect(service(sent)).toEqual(service({}));
  });

  test.each<[object, string]>([
    [{ ...VPC, role: 'acs:ram::1:role/r' }, 'there is no VPC here'],
    [VPC, 'the service needs a role'],
    [vpc('1', ['vsw-1'], 'sg-1'), "vpcConfig.vpcId: must be 'vpc-…', not '1'"],
    [vpc('vpc-1', ['vsw-1', ''], 'sg-1'), "vpcConfig.vSwitchIds: must be 'vsw-…', not ''"],
    [vpc('vpc-1', ['vsw-1', 'vsw-1'], 'sg-1'), 'a vSwitch is there twice'],
    [vpc('vpc-1', ['vsw-1'], 'group'), "vpcConfig.securityGroupId: must be 'sg-…', not 'group'"],
    [vpc('vpc-1', ['vsw-1'], ''), 'must be set together'],
    [VPC, 'needs a role'],
    [{ vpcConfig: { vpcId: 'v', vSwitchIds: [], securityGroupId: 'g' } }, 'must be set together'],
    [nas('h:/d', '/mnt/x'), 'set vpcConfig too'],
    [nas('h', '/mnt/x'), "serverAddr must be 'host:/absolute/folder'"],
    [nas('h:/d', '/opt/x'), 'mountDir must be a folder below /mnt or /home'],
    [nas('h:/d', '/mnt/../etc'), 'mountDir must be a folder below /mnt or /home'],
    [nas('h:/d', '/mnt/x', '/mnt/x'), "mountDir '/mnt/x' is there twice"],
    [nas('h:/d', ...Array.from({ length: 6 }, (_, index) => `/mnt/${index}`)), 'nasConfig.mountPoints'],
    [{ nasConfig: { userId: 65_535 } }, 'nasConfig.userId'],
    [{ tracingConfig: { type: 'Jaeger', params: {} } }, 'params.endpoint is required'],
    [{ tracingConfig: { type: 'Jaeger', params: { endpoint: 'jaeger' } } }, "must be 'http(s)://"],
    [{ logConfig: { project: 'p' } }, 'must be set together'],
    [{ logConfig: { project: 'p', logstore: 'l' } }, 'needs a role'],
    [{ role: 'me' }, 'role'],
    [{ description: 'd'.repeat(257) }, 'description'],
    [{ internetAccess: 'yes' }, 'internetAccess'],
  ])('%j is refused by name — never accepted and left undone', (settings, says) => {
    expect(() => service(settings)).toThrow(says);
  });

  test.each(['', '1a', 'a.b', 'a b', 'a'.repeat(129), 'ä'])('the name %j is refused', (serviceName) => {
    expect(() => parseValue(CreateServiceInput, { serviceName })).toThrow('serviceName');
  });

  test('a nested member that is given replaces the stored one whole', () => {
    const stored = service({
      role: 'acs:ram::1:role/r',
      logConfig: { project: 'p', logstore: 'l', enableRequestMetrics: true },
    });
    const next = serviceConfig(
      stored,
      parseValue(UpdateServiceInput, { logConfig: { project: 'q', logstore: 'm' } }),
    );
    expect(next.logConfig).toEqual({
      project: 'q',
      logstore: 'm',
      enableRequestMetrics: false,
      enableInstanceMetrics: false,
    });
    expect(next.role).toBe('acs:ram::1:role/r');
  });
});

describe('functions', () => {
  test('have every default filled in', () => {
    expect(fn({})).toEqual({
      ...node,
      description: '',
      initializer: '',
      initializationTimeout: 3,
      timeout: 3,
      memorySize: 128,
      instanceConcurrency: 1,
      instanceType: 'e1',
      environmentVariables: {},
      layers: [],
    });
    expect(fn({ instanceConcurrency: 0 }).instanceConcurrency).toBe(1);
  });

  test.each<[object, string]>([
    [{ memorySize: 100 }, 'memorySize'],
    [{ memorySize: 192 + 32 }, 'memorySize'],
    [{ memorySize: 3_136 }, 'memorySize'],
    [{ timeout: 0 }, 'timeout'],
    [{ timeout: 601 }, 'timeout'],
    [{ initializationTimeout: 301 }, 'initializationTimeout'],
    [{ instanceConcurrency: 101 }, 'instanceConcurrency'],
    [{ handler: '' }, 'handler'],
    [
      { runtime: 'nodejs7' },
      "Runtime is set to an invalid value: 'nodejs7' is unknown; accepted are nodejs4.4, nodejs6",
    ],
    [{ runtime: 'python3' }, 'another language'],
    [{ runtime: 'custom-container', customContainerConfig: { image: 'r/i' } }, 'another language'],
    [{ customContainerConfig: { image: 'no image' } }, 'customContainerConfig.image'],
    [{ customContainerConfig: { image: 'r/i', command: 'node' } }, 'must be a JSON array of strings'],
    [{ customRuntimeConfig: { command: ['a\0b'] } }, 'customRuntimeConfig.command'],
    [{ caPort: 0 }, 'caPort'],
    [{ customHealthCheckConfig: { httpGetUrl: 'health' } }, 'customHealthCheckConfig.httpGetUrl'],
    [{ customHealthCheckConfig: { timeoutSeconds: 4 } }, 'customHealthCheckConfig.timeoutSeconds'],
    [{ customHealthCheckConfig: { periodSeconds: 0 } }, 'customHealthCheckConfig.periodSeconds'],
    [{ instanceType: 'fc.gpu.tesla.1' }, 'instanceType'],
    [{ instanceLifecycleConfig: { preFreeze: { timeout: 91 } } }, 'instanceLifecycleConfig.preFreeze'],
    [{ customDNS: { nameServers: ['dns.example'] } }, 'customDNS.nameServers.0: must be an IPv4 address'],
    [{ customDNS: { nameServers: ['::1'] } }, 'must be an IPv4 address'],
    [{ customDNS: { nameServers: ['127.0.0.1'] } }, 'must not be loopback'],
    [{ customDNS: { nameServers: ['8.8.8.8\nsearch x'] } }, 'must be an IPv4 address'],
    [{ customDNS: { nameServers: ['8.8.8.1', '8.8.8.2', '8.8.8.3', '8.8.8.4'] } }, 'customDNS.nameServers'],
    [{ customDNS: { searches: ['a b'] } }, 'customDNS.searches.0: must be a domain'],
    [{ customDNS: { searches: ['a\nnameserver 1.1.1.1'] } }, 'must be a domain'],
    [{ customDNS: { searches: Array.from({ length: 7 }, () => 'a') } }, 'customDNS.searches'],
    [{ customDNS: { searches: Array.from({ length: 5 }, () => 'a'.repeat(60)) } }, '256 characters'],
    [{ customDNS: { dnsOptions: [{ name: 'ndots 1', value: '2' }] } }, 'customDNS.dnsOptions.0.name'],
    [{ customDNS: { dnsOptions: [{ name: 'ndots', value: '2 rotate' }] } }, 'customDNS.dnsOptions.0.value'],
    [{ customContainerConfig: { image: 'i' } }, 'customContainerConfig does not go with'],
    [{ instanceConcurrency: 2, instanceSoftConcurrency: 3 }, 'instanceSoftConcurrency'],
    [{ environmentVariables: { '1A': 'x' } }, "'1A'"],
    [{ environmentVariables: { FC_REGION: 'x' } }, 'belongs to the platform'],
    [{ environmentVariables: { accessKeyID: 'x' } }, 'belongs to the platform'],
    [{ environmentVariables: { A: 'x'.repeat(4_096) } }, '4097 bytes'],
    [{ environmentVariables: { A: 5 } }, 'environmentVariables.A'],
  ])('%j is refused by name', (settings, says) => {
    expect(() => fn(settings)).toThrow(says);
  });

  test('only runtimes that can take several requests at once may ask for it', () => {
    expect(fn({ instanceConcurrency: 10 }).instanceConcurrency).toBe(10);
    expect(() => fn({ instanceConcurrency: 10 }, { runtime: 'python3', handler: 'a.b' })).toThrow(
      'instanceConcurrency',
    );
  });

  test('may move within a family, and limits themselves are allowed', () => {
    expect(fn({ runtime: 'nodejs20', memorySize: 3_072, timeout: 600 })).toMatchObject({
      runtime: 'nodejs20',
    });
    expect(fn({ environmentVariables: { A: 'x'.repeat(4_095) } }).environmentVariables['A']).toHaveLength(
      4_095,
    );
  });

  test('of a health check are completed, and one without a path is none', () => {
    const stored = fn({ customHealthCheckConfig: { httpGetUrl: '/h' } }).customHealthCheckConfig;
    expect(stored).toEqual({
      httpGetUrl: '/h',
      initialDelaySeconds: 0,
      periodSeconds: 3,
      timeoutSeconds: 1,
      failureThreshold: 3,
      successThreshold: 1,
    });
    expect(healthCheckOf(stored)).toEqual({
      path: '/h',
      initialDelayMs: 0,
      periodMs: 3_000,
      timeoutMs: 1_000,
      failures: 3,
      successes: 1,
    });
    // The last is what an older engine stored as it came.
    for (const none of [undefined, {}, { httpGetUrl: '' }, { httpGetUrl: 5 }])
      expect(healthCheckOf(none)).toBeUndefined();
  });

  test('of a container have an image, and command lines as text', () => {
    const container = { runtime: 'custom-container', handler: 'none' };
    const settings = {
      customContainerConfig: { image: 'r.io/a/b:1', command: '["node"]', args: '' },
      caPort: 80,
    };
    expect(fn(settings, container)).toMatchObject(settings);
    expect(() =>
      fn({ customContainerConfig: { image: 'r.io/a/b', webServerMode: false } }, container),
    ).toThrow('webServerMode');
    expect(() => fn({}, container)).toThrow('customContainerConfig.image is required');
    expect(fn({ customContainerConfig: { image: '' } })).toMatchObject(node);
  });

  test('need name, runtime and handler', () => {
    expect(() => parseValue(CreateFunctionInput, {})).toThrow(
      /functionName.*runtime.*handler|runtime.*handler.*functionName/,
    );
  });
});
