/** The part of `@alicloud/fc2` 2.6 that Sluice uses; the package ships no types. Read in its `lib/client.js`. */
declare module '@alicloud/fc2' {
  interface FcAnswer {
    readonly headers: Record<string, string | undefined>;
    /** Parsed where the content type is JSON; else text, or a Buffer with `rawBuf`. */
    readonly data: unknown;
  }
  type Headers = Record<string, string>;

  interface FcClientOptions {
    readonly accessKeyID: string;
    readonly accessKeySecret: string;
    readonly securityToken?: string;
    readonly region: string;
    readonly endpoint?: string;
    /** Milliseconds, for connecting and for reading. */
    readonly timeout?: number;
  }

  export default class Client {
    constructor(accountId: string, options: FcClientOptions);
    /** Headers of every request, before it is signed. */
    buildHeaders(): Headers;
    get(path: string, query?: object | null, headers?: Headers): Promise<FcAnswer>;
    getService(service: string, headers: Headers, qualifier?: string): Promise<FcAnswer>;
    createService(service: string, options: object): Promise<FcAnswer>;
    updateService(service: string, options: object, headers?: Headers): Promise<FcAnswer>;
    getFunction(service: string, name: string, headers: Headers, qualifier?: string): Promise<FcAnswer>;
    listFunctions(service: string, query: object, headers: Headers, qualifier?: string): Promise<FcAnswer>;
    createFunction(service: string, options: object): Promise<FcAnswer>;
    updateFunction(service: string, name: string, options: object): Promise<FcAnswer>;
    deleteFunction(service: string, name: string): Promise<FcAnswer>;
    getFunctionCode(service: string, name: string, headers: Headers, qualifier?: string): Promise<FcAnswer>;
    publishVersion(service: string, description: string): Promise<FcAnswer>;
    listVersions(service: string, query: object): Promise<FcAnswer>;
    deleteVersion(service: string, versionId: string): Promise<FcAnswer>;
    getAlias(service: string, alias: string): Promise<FcAnswer>;
    createAlias(service: string, alias: string, versionId: string, options: object): Promise<FcAnswer>;
    updateAlias(
      service: string,
      alias: string,
      versionId: string,
      options: object,
      headers: Headers,
    ): Promise<FcAnswer>;
    invokeFunction(
      service: string,
      name: string,
      payload: Buffer,
      headers: Headers,
      qualifier: string,
      options: { readonly rawBuf: boolean },
    ): Promise<FcAnswer>;
  }
}
