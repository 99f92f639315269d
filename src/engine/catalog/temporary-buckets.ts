/**
 * Permission to upload code to object storage, which clients ask for before they send what is large. There is none beside
 * this engine, so the answer is where code is sent instead: a key that opens nothing would fail later and say less.
 */
import { invalidArgument } from '../http/api-error.ts';
import type { Operation } from '../http/operation.ts';
import { CODE_WITHOUT_STORAGE } from './code-input.ts';
import type { Catalog } from './catalog.ts';

export function temporaryBucketOperations(catalog: Catalog): Operation[] {
  return [
    {
      name: 'GetTempBucketToken',
      method: 'GET',
      path: '/tempBucketToken',
      refused: true,
      run() {
        throw invalidArgument(CODE_WITHOUT_STORAGE);
      },
    },
    {
      name: 'GetTempCodeBucketToken',
      method: 'GET',
      path: '/services/{service}/tempCodeBucketToken',
      query: ['functionName', 'instanceType'],
      refused: true,
      run(call) {
        catalog.find(call.service);
        throw invalidArgument(CODE_WITHOUT_STORAGE);
      },
    },
  ];
}
