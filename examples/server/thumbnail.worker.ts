import { makeThumbnail } from './thumbnail.js';

/** What Piscina's threads run in the load test. */
export default ({ image, width }: { image: Uint8Array; width: number }) => makeThumbnail(image, width);
