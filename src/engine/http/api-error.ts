/** The one error of the wire API: whatever an operation throws becomes `{ErrorCode, ErrorMessage}` with its status. */

/** Named by what the caller did or should do; the codes are those of Function Compute. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.status = status;
    this.code = code;
  }
}

export const invalidArgument = (message: string): ApiError => new ApiError(400, 'InvalidArgument', message);

export const accessDenied = (message: string): ApiError => new ApiError(403, 'AccessDenied', message);

export const missingHeader = (header: string): ApiError =>
  new ApiError(400, 'MissingRequiredHeader', `required HTTP header ${header} was not specified`);

export const pathNotSupported = (method: string, path: string): ApiError =>
  new ApiError(400, 'PathNotSupported', `'${path}' against '${method}' is not supported`);

export const entityTooLarge = (limitBytes: number): ApiError =>
  new ApiError(413, 'EntityTooLarge', `payload size exceeds maximum allowed size (${limitBytes} bytes)`);

export const serviceNotFound = (service: string): ApiError =>
  new ApiError(404, 'ServiceNotFound', `service '${service}' does not exist`);

export const functionNotFound = (service: string, name: string): ApiError =>
  new ApiError(404, 'FunctionNotFound', `function '${name}' of service '${service}' does not exist`);

export const versionNotFound = (service: string, version: string): ApiError =>
  new ApiError(404, 'VersionNotFound', `version '${version}' of service '${service}' does not exist`);

export const aliasNotFound = (service: string, alias: string): ApiError =>
  new ApiError(404, 'AliasNotFound', `alias '${alias}' of service '${service}' does not exist`);

export const triggerNotFound = (functionName: string, trigger: string): ApiError =>
  new ApiError(404, 'TriggerNotFound', `trigger '${trigger}' of function '${functionName}' does not exist`);

export const domainNotFound = (name: string): ApiError =>
  new ApiError(404, 'DomainNameNotFound', `domain name '${name}' does not exist`);

export const preconditionFailed = (what: string): ApiError =>
  new ApiError(412, 'PreconditionFailed', `If-Match does not match the current etag of ${what}`);

export const serviceUnavailable = (message: string, cause: unknown): ApiError =>
  new ApiError(503, 'ServiceUnavailable', message, cause);
