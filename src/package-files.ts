// Files of the package that are not imported, but started or read: found from here, which stands beside them also where
// the build puts the code of many modules into one file. Each is written out, for tools that trace or bundle look for that.

/** All code of the package stands below. */
export const CODE = new URL('.', import.meta.url).href;

/** Its sources, which source maps name. */
export const SOURCES = new URL('../src/', import.meta.url).href;

/** What Piscina loads in a thread. */
export const THREAD = new URL('./threads/inside/entry.cjs', import.meta.url);

/** The thread that renews locks. */
export const LOCK_THREAD = new URL('./bullmq/lock-thread.js', import.meta.url);

/** What takes the profile of a thread. */
export const PROFILE_THREAD = new URL('./cli/profile-thread.js', import.meta.url);

/** Its version is read from here. */
export const PACKAGE_JSON = new URL('../package.json', import.meta.url);
