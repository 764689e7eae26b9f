import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { JobsModule } from './jobs.module';

async function main() {
  const app = await NestFactory.create(JobsModule, { logger: ['error'] });
  app.enableShutdownHooks();
  await app.listen(0);
  const url = await app.getUrl();
  const ask = async (path: string) => (await fetch(url.replace('[::1]', 'localhost') + path, { headers: { connection: 'close' } })).text();
  const answers = [await ask('/hello?name=there'), await ask('/spin'), await ask('/hello?name=again')];
  await app.close();
  if (answers.join() !== 'hello there,ERR_TIMEOUT,hello again') throw new Error(answers.join());
  console.log('it works');
}

void main();
