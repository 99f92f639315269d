/** Java functions from their source: a real Maven project is built in the sandbox, and what comes out runs in the engine. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { workFolders } from '../../src/activities/folders.ts';
import type { FcClient } from '../../src/fc/client.ts';
import { loadConfig } from '../../src/platform/config.ts';
import { prepareRuntime } from '../support/prepared-runtime.ts';
import { ownFunctionRunner } from '../support/function-runner.ts';
import { runActivity, startActivityWorld, type ActivityWorld } from './activity-world.ts';

let world: ActivityWorld;
beforeAll(async () => {
  world = await startActivityWorld({} as FcClient);
}, 60_000);
afterAll(() => world?.close());

const LIBRARY = 'commons-codec-1.17.1.jar';
const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>shop</groupId><artifactId>greeter</artifactId><version>1.0</version>
  <properties>
    <maven.compiler.source>8</maven.compiler.source><maven.compiler.target>8</maven.compiler.target>
    <project.build.sourceEncoding>UTF-8</project.build.sourceEncoding>
  </properties>
  <dependencies>
    <dependency><groupId>com.aliyun.fc.runtime</groupId><artifactId>fc-java-core</artifactId><version>1.4.1</version><scope>provided</scope></dependency>
    <dependency><groupId>commons-codec</groupId><artifactId>commons-codec</artifactId><version>1.17.1</version></dependency>
  </dependencies>
</project>
`;
const source = (statement: string) => `package shop;
import com.aliyun.fc.runtime.*;
import java.io.*;
public class Greeter implements StreamRequestHandler {
  public void handleRequest(InputStream in, OutputStream out, Context context) throws IOException { ${statement} }
}
`;
const project = (name: string, statement: string) => ({
  's.yml': `edition: 1.0.0
name: ${name}
services:
  ${name}:
    component: fc
    props:
      region: cn-local
      service: {name: ${name}}
      function: {name: greet, runtime: java11, handler: "shop.Greeter::handleRequest", memorySize: 256, codeUri: ./code}
`,
  'code/pom.xml': POM,
  'code/src/main/java/shop/Greeter.java': source(statement),
  // Its jar is Maven's own and no package of the function.
  'code/.mvn/wrapper/maven-wrapper.jar': 'wrapper',
});

const hasTools = existsSync('/usr/bin/mvn') && existsSync('/usr/bin/javac');

describe.skipIf(!hasTools)('a Java function with a pom.xml', () => {
  test('is built, packed without its sources, and runs with its library', async () => {
    const parts = world.parts();
    const { releaseId } = await world.release(
      'jshop',
      project(
        'jshop',
        'out.write(org.apache.commons.codec.digest.DigestUtils.md5Hex(in).getBytes("UTF-8"));',
      ),
    );
    await runActivity(parts, 'prepareSource', { releaseId });
    const built = await runActivity(parts, 'buildFunction', {
      releaseId,
      service: 'jshop',
      function: 'greet',
    });
    expect(built.summary).toMatch(/^jshop\/greet: mvn package, 1 libraries, /);
    const folder = workFolders(parts.home, releaseId).function('jshop', 'greet');
    expect(
      readdirSync(folder, { recursive: true })
        .map(String)
        .toSorted((a, b) => a.localeCompare(b)),
    ).toEqual(['greeter-1.0.jar', 'lib', join('lib', LIBRARY)]);

    await prepareRuntime('java11');
    const functions = ownFunctionRunner({}, 'on', { cache: loadConfig().cache });
    const revision = functions.define(
      {},
      { runtime: 'java11', handler: 'shop.Greeter::handleRequest', codeFolder: folder, memoryMb: 256 },
    );
    const { outcome, body } = await functions.invoke(revision, { payload: Buffer.from('event') });
    expect([outcome, body.toString()]).toEqual(['ok', '4119639092e62c55ea8be348e4d9260d']);
  }, 300_000);

  test('that does not compile fails the build, with what the compiler says', async () => {
    const parts = world.parts();
    const { releaseId } = await world.release('jbroken', project('jbroken', 'out.write(nothing);'));
    await runActivity(parts, 'prepareSource', { releaseId });
    await expect(
      runActivity(parts, 'buildFunction', { releaseId, service: 'jbroken', function: 'greet' }),
    ).rejects.toMatchObject({
      type: 'BuildFailed',
      message: expect.stringContaining('mvn package ended with exit code 1'),
      details: [{ logTail: expect.arrayContaining([expect.stringContaining('COMPILATION ERROR')]) }],
    });
  }, 300_000);
});
