import { Controller, Get, Inject, Module, Query } from '@nestjs/common';
import { JobQueue } from 'threadmill';
import { hello, spin } from './hello.job';

/** One queue for the application, closed with it. */
export class Jobs extends JobQueue {
  /** Nest calls it by this name. */
  async onApplicationShutdown() {
    await this.close({ timeout: 10_000 });
  }
}

@Controller()
export class HelloController {
  constructor(@Inject(Jobs) private readonly jobs: Jobs) {}

  @Get('hello')
  greet(@Query('name') name: string) {
    return this.jobs.run(hello, { name });
  }

  @Get('spin')
  async spin() {
    return this.jobs.run(spin, {}).catch((error: { code: string }) => error.code);
  }
}

@Module({
  controllers: [HelloController],
  providers: [{ provide: Jobs, useFactory: () => new Jobs({ jobs: [hello, spin], threads: 2, logger: false }) }],
})
export class JobsModule {}
