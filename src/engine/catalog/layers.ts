/** Layers: packages that functions share, shown to them below `/opt` (guide.md §12, fc-api.md §3, §4). */
import { z } from 'zod';
import { isLayerName } from '../../domain/names/fc.ts';
import { invalidArgument } from '../http/api-error.ts';
import { json, nothing, type Call, type Operation } from '../http/operation.ts';
import { pageLimit, pageOfNames } from '../http/paging.ts';
import type { CodeLinks } from './code-links.ts';
import type { CodePackage, CodeStore } from './code-store.ts';
import { CodeInput, storeCode } from './code-input.ts';
import type { Layer, LayerStore } from './layer-store.ts';
import { apiTime } from './records.ts';
import { Description } from './service-config.ts';
import { pageOf, Times } from '../http/answers.ts';

/** Most layers of one function, and most bytes of them and the code together, unpacked. */
const LAYERS_MAX = 5;
const UNPACKED_BYTES_MAX = 500 * 1024 * 1024;

const PublishLayerVersionInput = z.object({
  description: Description.default(''),
  compatibleRuntime: z.array(z.string().min(1)).max(20).default([]),
  code: CodeInput,
});

export interface LayerOptions {
  readonly layers: LayerStore;
  readonly codeStore: CodeStore;
  readonly links: CodeLinks;
  readonly region: string;
  readonly accountId: string;
}

/** A version as a function has taken it: the package stays, whatever becomes of the layer. */
export interface LayerUse {
  readonly arn: string;
  readonly code: CodePackage;
}

const VERSION = '/layers/{layer}/versions/{version}';

const LayerAnswer = z.object({
  layerName: z.string(),
  version: z.int(),
  description: z.string(),
  code: z.object({ repositoryType: z.literal('OSS'), location: z.url() }),
  codeSize: z.int(),
  codeChecksum: z.string(),
  createTime: Times.createdTime,
  /** 1: everybody may take it. */
  acl: z.literal([0, 1]),
  compatibleRuntime: z.array(z.string()),
  arn: z.string(),
});
const LayerVersions = z.object({ layers: z.array(LayerAnswer), nextVersion: z.int().exactOptional() });

export function layerOperations(options: LayerOptions): Operation[] {
  const { layers, codeStore, links } = options;

  const viewOf = (call: Call, layer: Layer): z.infer<typeof LayerAnswer> => ({
    layerName: layer.name,
    version: layer.version,
    description: layer.description,
    code: { repositoryType: 'OSS', location: links.urlOf(layer.code.sha256, call.origin) },
    codeSize: layer.code.sizeBytes,
    codeChecksum: layer.code.checksum,
    createTime: apiTime(layer.createdAt),
    acl: layer.isPublic ? 1 : 0,
    compatibleRuntime: [...layer.compatibleRuntime],
    arn: `acs:fc:${options.region}:${options.accountId}:layers/${layer.name}/versions/${layer.version}`,
  });
  const answer = (call: Call, layer: Layer) => json(viewOf(call, layer), layer.etag);

  return [
    {
      name: 'PublishLayerVersion',
      method: 'POST',
      path: '/layers/{layer}/versions',
      output: LayerAnswer,
      input: PublishLayerVersionInput,
      async run(call) {
        const name = call.param('layer');
        if (!isLayerName(name))
          throw invalidArgument(
            `layerName: '${name}' must be a letter or _ first, then letters, digits, _ and -, 64 at most`,
          );
        const { code, ...rest } = call.body(PublishLayerVersionInput);
        return answer(call, await layers.publish(name, { ...rest, code: await storeCode(codeStore, code) }));
      },
    },
    {
      name: 'ListLayers',
      method: 'GET',
      path: '/layers',
      output: pageOf('layers', LayerAnswer),
      query: ['prefix', 'startKey', 'nextToken', 'limit', 'public', 'official', 'tag_{key}'],
      async run(call) {
        const all = await layers.newest();
        // Layers have no tags, and none of them is the cloud's own.
        const asksForOthers =
          call.optional('official') === 'true' ||
          [...call.query.keys()].some((key) => key.startsWith('tag_'));
        const wanted = call.optional('public');
        const names = [...all.values()]
          .filter(({ isPublic }) => !asksForOthers && (wanted !== 'true' || isPublic))
          .map(({ name }) => name);
        const { items, ...rest } = pageOfNames(call, names);
        const found = items.map((name) => all.get(name)).filter((layer) => layer !== undefined);
        return json({ layers: found.map((layer) => viewOf(call, layer)), ...rest });
      },
    },
    {
      name: 'ListLayerVersions',
      method: 'GET',
      path: '/layers/{layer}/versions',
      output: LayerVersions,
      query: ['startVersion', 'limit'],
      async run(call) {
        const name = call.param('layer');
        const limit = pageLimit(call);
        const start = versionNumber(call.optional('startVersion') ?? '1');
        const found = await layers.versions(name, start, limit + 1);
        if (found.length === 0) await layers.require(name);
        const next = found[limit];
        return json({
          layers: found.slice(0, limit).map((layer) => viewOf(call, layer)),
          ...(next && { nextVersion: next.version }),
        });
      },
    },
    {
      name: 'GetLayerVersion',
      method: 'GET',
      path: VERSION,
      output: LayerAnswer,
      async run(call) {
        return answer(call, await layers.find(call.param('layer'), versionNumber(call.param('version'))));
      },
    },
    {
      name: 'GetLayerVersionByArn',
      method: 'GET',
      path: '/layerarn/{arn}',
      output: LayerAnswer,
      async run(call) {
        const { name, version } = layerOfArn(call.param('arn'));
        return answer(call, await layers.find(name, version));
      },
    },
    {
      name: 'DeleteLayerVersion',
      method: 'DELETE',
      path: VERSION,
      async run(call) {
        await layers.remove(call.param('layer'), versionNumber(call.param('version')));
        return nothing;
      },
    },
    {
      name: 'PutLayerACL',
      method: 'PUT',
      path: '/layers/{layer}/acl',
      query: ['public', 'official'],
      async run(call) {
        const isPublic = call.required('public');
        if (isPublic !== 'true' && isPublic !== 'false')
          throw invalidArgument(`public must be true or false, not '${isPublic}'`);
        if (call.optional('official') === 'true')
          throw invalidArgument('official: only the cloud has official layers');
        await layers.setPublic(call.param('layer'), isPublic === 'true');
        return nothing;
      },
    },
    {
      name: 'PublishPublicLayerVersion',
      method: 'POST',
      path: VERSION,
      async run(call) {
        const name = call.param('layer');
        await layers.find(name, versionNumber(call.param('version')));
        await layers.setPublic(name, true);
        return nothing;
      },
    },
  ];
}

/**
 * The packages behind a function's `layers`, in order. Versions that it has taken before stay, also when they were
 * deleted meanwhile.
 *
 * @param code the function's own package, which counts in the size
 * @throws ApiError 404 for a version that cannot be taken, `InvalidArgument` for too many or too large ones
 */
export async function takeLayers(
  arns: readonly string[],
  taken: readonly LayerUse[],
  code: CodePackage,
  layers: LayerStore,
  codeStore: CodeStore,
): Promise<LayerUse[]> {
  if (arns.length === 0) return [];
  if (arns.length > LAYERS_MAX)
    throw invalidArgument(`layers: a function can have ${LAYERS_MAX}, not ${arns.length}`);
  if (new Set(arns).size < arns.length) throw invalidArgument('layers: one is named twice');
  const uses: LayerUse[] = [];
  let bytes = await codeStore.unpackedBytes(code.sha256);
  for (const arn of arns) {
    const before = taken.find((use) => use.arn === arn);
    const { name, version } = layerOfArn(arn);
    const use = before ?? { arn, code: (await layers.find(name, version)).code };
    bytes += await codeStore.unpackedBytes(use.code.sha256);
    uses.push(use);
  }
  if (bytes > UNPACKED_BYTES_MAX)
    throw invalidArgument(
      `layers: code and layers have ${bytes} bytes unpacked; at most ${UNPACKED_BYTES_MAX} are allowed`,
    );
  await codeStore.merge(uses.map((use) => use.code.sha256));
  return uses;
}

/** Both spellings: `acs:fc:{region}:{account}:layers/{name}/versions/{version}` and `{account}#{name}#{version}`. */
function layerOfArn(arn: string): { readonly name: string; readonly version: number } {
  const [, name, version] =
    /^acs:fc:[^:]*:[^:]*:layers\/([^/]+)\/versions\/([^/]+)$/.exec(arn) ??
    /^[^#]*#([^#]+)#([^#]+)$/.exec(arn) ??
    [];
  if (name === undefined || version === undefined)
    throw invalidArgument(`'${arn}' is no layer; write acs:fc:REGION:ACCOUNT:layers/NAME/versions/VERSION`);
  return { name, version: versionNumber(version) };
}

function versionNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text))
    throw invalidArgument(`a layer's version is a number from 1, not '${text}'`);
  return Number(text);
}
