export { recordTimeline, type Timeline, type TimelineOptions } from './record-timeline.js';
