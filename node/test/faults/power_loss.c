/*
 * A library for LD_PRELOAD that journals what a process does to the files below one folder, so that
 * afterwards the folder can be made as a power loss at any moment might have left it, and that makes
 * the disk below that folder full or its syncs fail. power-loss.ts starts processes under it, reads
 * the journal, and states the model of what is durable when.
 *
 *   POWER_LOSS_FOLDER      the folder, without symbolic links; required
 *   POWER_LOSS_JOURNAL     the journal file, outside of the folder; required
 *   POWER_LOSS_MARKS_FD    writes to this descriptor are journaled as marks: what the process has
 *                          told the world by then
 *   POWER_LOSS_SPACE       files may grow by this many bytes in all; then ENOSPC
 *   POWER_LOSS_FULL_FLAG   files may not grow at all while a file of this name exists
 *   POWER_LOSS_FAIL_SYNC   the number of the sync, from 1, that fails with EIO
 *   POWER_LOSS_SYNC_PATH   only syncs of files with this text in their path count for that
 *
 * A journal record is one write: u8 kind, u64 handle, u64 a, u32 length of the path, u32 length of
 * the second path or data, then both; integers little-endian. Kinds are those of the enum.
 *
 * Not seen: memory maps, descriptors from dup(2), io_uring, copy_file_range, and the content that
 * stdio writes (the names of its files are seen).
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind {
  KIND_OPEN = 1,    /* handle, a = flags; path */
  KIND_CLOSE,       /* handle */
  KIND_WRITE,       /* handle, a = offset; data */
  KIND_TRUNCATE,    /* handle, a = size */
  KIND_GROW,        /* handle, a = size that the file has at least */
  KIND_SYNC,        /* handle, a = journal size when it began */
  KIND_SYNC_FAILED, /* as KIND_SYNC */
  KIND_RENAME,      /* from, to */
  KIND_UNLINK,      /* path */
  KIND_MKDIR,       /* path */
  KIND_RMDIR,       /* path */
  KIND_LINK,        /* from, to */
  KIND_MARK,        /* data */
  KIND_TRUNCATE_PATH /* a = size; path */
};

#define DESCRIPTORS_MAX 65536
#define BUFFERS_MAX 1024
#define JOURNAL_DESCRIPTOR_MIN 700

struct handle {
  uint64_t id; /* 0: not watched */
  char *path;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct handle handles[DESCRIPTORS_MAX];
static uint64_t handles_made;
static int journal = -1;
static int marks_descriptor = -1;
static char folder[PATH_MAX];
static size_t folder_length;
static int64_t space_left = INT64_MAX;
static const char *full_flag;
static long fail_sync;
static const char *sync_path;
static long syncs_seen;

#define REAL(name) __typeof__(&name) real_##name = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

__attribute__((constructor)) static void start(void) {
  const char *wanted = getenv("POWER_LOSS_FOLDER");
  const char *journal_path = getenv("POWER_LOSS_JOURNAL");
  if (wanted == NULL || journal_path == NULL) return;
  REAL(open);
  int low = real_open(journal_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  journal = low < 0 ? -1 : fcntl(low, F_DUPFD_CLOEXEC, JOURNAL_DESCRIPTOR_MIN);
  if (journal < 0) {
    fprintf(stderr, "power_loss: cannot open the journal %s\n", journal_path);
    _exit(125);
  }
  REAL(close);
  real_close(low);
  const char *value = getenv("POWER_LOSS_MARKS_FD");
  if (value != NULL) marks_descriptor = atoi(value);
  value = getenv("POWER_LOSS_SPACE");
  if (value != NULL) space_left = atoll(value);
  full_flag = getenv("POWER_LOSS_FULL_FLAG");
  value = getenv("POWER_LOSS_FAIL_SYNC");
  if (value != NULL) fail_sync = atol(value);
  sync_path = getenv("POWER_LOSS_SYNC_PATH");
  /* Last: from here on calls are watched. */
  snprintf(folder, sizeof(folder), "%s", wanted);
  folder_length = strlen(folder);
}

/* Makes `path`, relative to the folder of `directory`, absolute and free of `.`, `..` and `//`. */
static int absolute(int directory, const char *path, char *out) {
  char raw[2 * PATH_MAX];
  if (path[0] == '/') {
    snprintf(raw, sizeof(raw), "%s", path);
  } else {
    char base[PATH_MAX];
    if (directory == AT_FDCWD) {
      if (getcwd(base, sizeof(base)) == NULL) return 0;
    } else {
      char link[64];
      snprintf(link, sizeof(link), "/proc/self/fd/%d", directory);
      ssize_t length = readlink(link, base, sizeof(base) - 1);
      if (length < 0) return 0;
      base[length] = 0;
    }
    snprintf(raw, sizeof(raw), "%s/%s", base, path);
  }
  size_t length = 0;
  char *rest = NULL;
  for (char *part = strtok_r(raw, "/", &rest); part != NULL; part = strtok_r(NULL, "/", &rest)) {
    if (strcmp(part, ".") == 0) continue;
    if (strcmp(part, "..") == 0) {
      while (length > 0 && out[--length] != '/') {
      }
      continue;
    }
    size_t added = strlen(part);
    if (length + added + 2 > PATH_MAX) return 0;
    out[length++] = '/';
    memcpy(out + length, part, added);
    length += added;
  }
  out[length] = 0;
  return 1;
}

static int is_watched(const char *path) {
  return folder_length > 0 && strncmp(path, folder, folder_length) == 0 &&
         (path[folder_length] == '/' || path[folder_length] == 0);
}

/* Whether `path` is below the folder; its absolute form is in `out` then. */
static int watched(int directory, const char *path, char *out) {
  if (folder_length == 0 || path == NULL) return 0;
  int saved = errno;
  int result = absolute(directory, path, out) && is_watched(out);
  errno = saved;
  return result;
}

static void put(void *at, const void *from, size_t size) { memcpy(at, from, size); }

/* Needs the mutex. */
static void record(enum kind kind, uint64_t handle, uint64_t a, const char *first, const struct iovec *data, int count,
                   size_t data_bytes) {
  int saved = errno;
  unsigned char head[25];
  uint32_t first_bytes = first == NULL ? 0 : (uint32_t)strlen(first);
  uint32_t second_bytes = (uint32_t)data_bytes;
  head[0] = (unsigned char)kind;
  put(head + 1, &handle, 8);
  put(head + 9, &a, 8);
  put(head + 17, &first_bytes, 4);
  put(head + 21, &second_bytes, 4);
  struct iovec parts[BUFFERS_MAX + 2];
  int used = 0;
  parts[used++] = (struct iovec){head, sizeof(head)};
  if (first_bytes > 0) parts[used++] = (struct iovec){(void *)first, first_bytes};
  for (int i = 0; i < count && data_bytes > 0; ++i) {
    size_t length = data[i].iov_len < data_bytes ? data[i].iov_len : data_bytes;
    if (length == 0) continue;
    parts[used++] = (struct iovec){data[i].iov_base, length};
    data_bytes -= length;
  }
  size_t total = 0;
  for (int i = 0; i < used; ++i) total += parts[i].iov_len;
  REAL(writev);
  /* A journal that is not whole would make a test judge wrongly, so the process ends instead. */
  if (real_writev(journal, parts, used) != (ssize_t)total) _exit(125);
  errno = saved;
}

static void record_paths(enum kind kind, const char *from, const char *to) {
  struct iovec second = {(void *)to, to == NULL ? 0 : strlen(to)};
  pthread_mutex_lock(&mutex);
  record(kind, 0, 0, from, &second, 1, second.iov_len);
  pthread_mutex_unlock(&mutex);
}

static uint64_t journal_bytes(void) {
  struct stat status;
  return fstat(journal, &status) == 0 ? (uint64_t)status.st_size : 0;
}

static uint64_t handle_of(int descriptor) {
  if (folder_length == 0 || descriptor < 0 || descriptor >= DESCRIPTORS_MAX) return 0;
  return __atomic_load_n(&handles[descriptor].id, __ATOMIC_ACQUIRE);
}

static int opened(int descriptor, const char *path, int flags) {
  if (descriptor < 0 || descriptor >= DESCRIPTORS_MAX) return descriptor;
  pthread_mutex_lock(&mutex);
  uint64_t id = ((uint64_t)getpid() << 32) | ++handles_made;
  free(handles[descriptor].path);
  handles[descriptor].path = strdup(path);
  __atomic_store_n(&handles[descriptor].id, id, __ATOMIC_RELEASE);
  record(KIND_OPEN, id, (uint64_t)(flags & (O_CREAT | O_TRUNC | O_DIRECTORY)), path, NULL, 0, 0);
  pthread_mutex_unlock(&mutex);
  return descriptor;
}

static int takes_mode(int flags) { return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE; }

#define OPEN_BODY(name, directory, ...)               \
  mode_t mode = 0;                                    \
  if (takes_mode(flags)) {                            \
    va_list arguments;                                \
    va_start(arguments, flags);                       \
    mode = va_arg(arguments, mode_t);                 \
    va_end(arguments);                                \
  }                                                   \
  REAL(name);                                         \
  char full[PATH_MAX];                                \
  int seen = watched(directory, path, full);          \
  int descriptor = real_##name(__VA_ARGS__, mode);    \
  return seen ? opened(descriptor, full, flags) : descriptor;

int open(const char *path, int flags, ...) { OPEN_BODY(open, AT_FDCWD, path, flags) }
int open64(const char *path, int flags, ...) { OPEN_BODY(open64, AT_FDCWD, path, flags) }
int openat(int directory, const char *path, int flags, ...) { OPEN_BODY(openat, directory, directory, path, flags) }
int openat64(int directory, const char *path, int flags, ...) { OPEN_BODY(openat64, directory, directory, path, flags) }
/* What open becomes in programs that are built with _FORTIFY_SOURCE. */
int __open_2(const char *path, int flags) { return open(path, flags); }
int __open64_2(const char *path, int flags) { return open64(path, flags); }
int __openat_2(int directory, const char *path, int flags) { return openat(directory, path, flags); }
int __openat64_2(int directory, const char *path, int flags) { return openat64(directory, path, flags); }
int creat(const char *path, mode_t mode) { return open(path, O_CREAT | O_WRONLY | O_TRUNC, mode); }
int creat64(const char *path, mode_t mode) { return open64(path, O_CREAT | O_WRONLY | O_TRUNC, mode); }

#define FOPEN_BODY(name)                                                              \
  REAL(name);                                                                         \
  char full[PATH_MAX];                                                                \
  int seen = watched(AT_FDCWD, path, full);                                           \
  FILE *file = real_##name(path, mode);                                               \
  if (seen && file != NULL && mode[0] != 'r') {                                       \
    pthread_mutex_lock(&mutex);                                                       \
    uint64_t id = ((uint64_t)getpid() << 32) | ++handles_made;                        \
    record(KIND_OPEN, id, mode[0] == 'w' ? O_CREAT | O_TRUNC : O_CREAT, full, NULL, 0, 0); \
    pthread_mutex_unlock(&mutex);                                                     \
  }                                                                                   \
  return file;

FILE *fopen(const char *path, const char *mode) { FOPEN_BODY(fopen) }
FILE *fopen64(const char *path, const char *mode) { FOPEN_BODY(fopen64) }

static void forget(int descriptor) {
  uint64_t id = handle_of(descriptor);
  if (id == 0) return;
  pthread_mutex_lock(&mutex);
  __atomic_store_n(&handles[descriptor].id, 0, __ATOMIC_RELEASE);
  record(KIND_CLOSE, id, 0, NULL, NULL, 0, 0);
  pthread_mutex_unlock(&mutex);
}

int close(int descriptor) {
  REAL(close);
  if (descriptor == journal && journal >= 0) return 0;
  forget(descriptor);
  return real_close(descriptor);
}

int closedir(DIR *directory) {
  REAL(closedir);
  forget(dirfd(directory));
  return real_closedir(directory);
}

int fclose(FILE *file) {
  REAL(fclose);
  forget(fileno(file));
  return real_fclose(file);
}

/* libuv closes files past libc's close. */
long syscall(long number, ...) {
  va_list rest;
  va_start(rest, number);
  long given[6];
  for (int i = 0; i < 6; ++i) given[i] = va_arg(rest, long);
  va_end(rest);
  if (number == SYS_close) return close((int)given[0]);
  REAL(syscall);
  return real_syscall(number, given[0], given[1], given[2], given[3], given[4], given[5]);
}

/* How many bytes from `offset` on may be written, of `wanted`; takes growth from the space. */
static int64_t allowed(int descriptor, int64_t offset, int64_t wanted) {
  int full = full_flag != NULL && access(full_flag, F_OK) == 0;
  if (!full && space_left == INT64_MAX) return wanted;
  struct stat status;
  if (fstat(descriptor, &status) != 0) return wanted;
  int64_t growth = offset + wanted - status.st_size;
  if (growth <= 0) return wanted;
  pthread_mutex_lock(&mutex);
  int64_t granted = full ? 0 : growth < space_left ? growth : space_left;
  if (!full) space_left -= granted;
  pthread_mutex_unlock(&mutex);
  int64_t fits = wanted - (growth - granted);
  return fits > 0 ? fits : 0;
}

static ssize_t write_watched(uint64_t handle, int descriptor, const struct iovec *buffers, int count, int64_t position) {
  if (count > BUFFERS_MAX) count = BUFFERS_MAX;
  int64_t wanted = 0;
  for (int i = 0; i < count; ++i) wanted += (int64_t)buffers[i].iov_len;
  int64_t offset = position;
  if (offset < 0) {
    struct stat status;
    int append = (fcntl(descriptor, F_GETFL) & O_APPEND) != 0 && fstat(descriptor, &status) == 0;
    offset = append ? status.st_size : lseek(descriptor, 0, SEEK_CUR);
  }
  int64_t granted = allowed(descriptor, offset, wanted);
  if (granted == 0 && wanted > 0) {
    errno = ENOSPC;
    return -1;
  }
  struct iovec parts[BUFFERS_MAX];
  int used = 0;
  int64_t left = granted;
  for (int i = 0; i < count && left > 0; ++i) {
    size_t length = (int64_t)buffers[i].iov_len < left ? buffers[i].iov_len : (size_t)left;
    if (length > 0) parts[used++] = (struct iovec){buffers[i].iov_base, length};
    left -= (int64_t)length;
  }
  ssize_t written;
  if (position < 0) {
    REAL(writev);
    written = real_writev(descriptor, parts, used);
  } else {
    REAL(pwritev);
    written = real_pwritev(descriptor, parts, used, position);
  }
  if (written > 0) {
    pthread_mutex_lock(&mutex);
    record(KIND_WRITE, handle, (uint64_t)offset, NULL, parts, used, (size_t)written);
    pthread_mutex_unlock(&mutex);
  }
  return written;
}

static void mark(int descriptor, const struct iovec *buffers, int count, ssize_t written) {
  if (descriptor != marks_descriptor || journal < 0 || written <= 0) return;
  pthread_mutex_lock(&mutex);
  record(KIND_MARK, 0, 0, NULL, buffers, count, (size_t)written);
  pthread_mutex_unlock(&mutex);
}

ssize_t write(int descriptor, const void *buffer, size_t size) {
  struct iovec one = {(void *)buffer, size};
  uint64_t id = handle_of(descriptor);
  if (id != 0) return write_watched(id, descriptor, &one, 1, -1);
  REAL(write);
  ssize_t written = real_write(descriptor, buffer, size);
  mark(descriptor, &one, 1, written);
  return written;
}

ssize_t writev(int descriptor, const struct iovec *buffers, int count) {
  uint64_t id = handle_of(descriptor);
  if (id != 0) return write_watched(id, descriptor, buffers, count, -1);
  REAL(writev);
  ssize_t written = real_writev(descriptor, buffers, count);
  mark(descriptor, buffers, count, written);
  return written;
}

#define PWRITE_BODY(name)                                                      \
  struct iovec one = {(void *)buffer, size};                                   \
  uint64_t id = handle_of(descriptor);                                         \
  if (id != 0) return write_watched(id, descriptor, &one, 1, (int64_t)offset); \
  REAL(name);                                                                  \
  return real_##name(descriptor, buffer, size, offset);

#define PWRITEV_BODY(name)                                                           \
  uint64_t id = handle_of(descriptor);                                               \
  if (id != 0) return write_watched(id, descriptor, buffers, count, (int64_t)offset); \
  REAL(name);                                                                        \
  return real_##name(descriptor, buffers, count, offset);

ssize_t pwrite(int descriptor, const void *buffer, size_t size, off_t offset) { PWRITE_BODY(pwrite) }
ssize_t pwrite64(int descriptor, const void *buffer, size_t size, off64_t offset) { PWRITE_BODY(pwrite64) }
ssize_t pwritev(int descriptor, const struct iovec *buffers, int count, off_t offset) { PWRITEV_BODY(pwritev) }
ssize_t pwritev64(int descriptor, const struct iovec *buffers, int count, off64_t offset) { PWRITEV_BODY(pwritev64) }

static int resized(int descriptor, enum kind kind, uint64_t size, int result) {
  uint64_t id = handle_of(descriptor);
  if (result == 0 && id != 0) {
    pthread_mutex_lock(&mutex);
    record(kind, id, size, NULL, NULL, 0, 0);
    pthread_mutex_unlock(&mutex);
  }
  return result;
}

int ftruncate(int descriptor, off_t size) {
  REAL(ftruncate);
  return resized(descriptor, KIND_TRUNCATE, (uint64_t)size, real_ftruncate(descriptor, size));
}
int ftruncate64(int descriptor, off64_t size) {
  REAL(ftruncate64);
  return resized(descriptor, KIND_TRUNCATE, (uint64_t)size, real_ftruncate64(descriptor, size));
}

#define TRUNCATE_BODY(name)                                    \
  REAL(name);                                                  \
  char full[PATH_MAX];                                         \
  int seen = watched(AT_FDCWD, path, full);                    \
  int result = real_##name(path, size);                        \
  if (result == 0 && seen) {                                   \
    pthread_mutex_lock(&mutex);                                \
    record(KIND_TRUNCATE_PATH, 0, (uint64_t)size, full, NULL, 0, 0); \
    pthread_mutex_unlock(&mutex);                              \
  }                                                            \
  return result;

int truncate(const char *path, off_t size) { TRUNCATE_BODY(truncate) }
int truncate64(const char *path, off64_t size) { TRUNCATE_BODY(truncate64) }

/* Space that a file gets without growing (KEEP_SIZE) has no content, and is not counted. */
static int may_grow(int descriptor, int64_t offset, int64_t length) {
  return handle_of(descriptor) == 0 || allowed(descriptor, offset, length) == length;
}

#define FALLOCATE_BODY(name)                                            \
  REAL(name);                                                           \
  int grows = (mode & FALLOC_FL_KEEP_SIZE) == 0;                        \
  if (grows && !may_grow(descriptor, offset, length)) {                 \
    errno = ENOSPC;                                                     \
    return -1;                                                          \
  }                                                                     \
  int result = real_##name(descriptor, mode, offset, length);           \
  return grows ? resized(descriptor, KIND_GROW, (uint64_t)(offset + length), result) : result;

int fallocate(int descriptor, int mode, off_t offset, off_t length) { FALLOCATE_BODY(fallocate) }
int fallocate64(int descriptor, int mode, off64_t offset, off64_t length) { FALLOCATE_BODY(fallocate64) }

#define POSIX_FALLOCATE_BODY(name)                               \
  REAL(name);                                                    \
  if (!may_grow(descriptor, offset, length)) return ENOSPC;      \
  int result = real_##name(descriptor, offset, length);          \
  return resized(descriptor, KIND_GROW, (uint64_t)(offset + length), result);

int posix_fallocate(int descriptor, off_t offset, off_t length) { POSIX_FALLOCATE_BODY(posix_fallocate) }
int posix_fallocate64(int descriptor, off64_t offset, off64_t length) { POSIX_FALLOCATE_BODY(posix_fallocate64) }

static int sync_watched(uint64_t id, int descriptor, int (*real)(int)) {
  pthread_mutex_lock(&mutex);
  uint64_t began = journal_bytes();
  const char *path = handles[descriptor].path;
  int counts = sync_path == NULL || (path != NULL && strstr(path, sync_path) != NULL);
  int fails = counts && fail_sync > 0 && ++syncs_seen == fail_sync;
  if (fails) record(KIND_SYNC_FAILED, id, began, NULL, NULL, 0, 0);
  pthread_mutex_unlock(&mutex);
  if (fails) {
    errno = EIO;
    return -1;
  }
  int result = real(descriptor);
  if (result == 0) {
    pthread_mutex_lock(&mutex);
    record(KIND_SYNC, id, began, NULL, NULL, 0, 0);
    pthread_mutex_unlock(&mutex);
  }
  return result;
}

int fsync(int descriptor) {
  REAL(fsync);
  uint64_t id = handle_of(descriptor);
  return id != 0 ? sync_watched(id, descriptor, real_fsync) : real_fsync(descriptor);
}

int fdatasync(int descriptor) {
  REAL(fdatasync);
  uint64_t id = handle_of(descriptor);
  return id != 0 ? sync_watched(id, descriptor, real_fdatasync) : real_fdatasync(descriptor);
}

/* sync_file_range promises nothing about power loss, and so is not watched at all. */

#define TWO_PATHS_BODY(kind, from_directory, to_directory, call)    \
  char full_from[PATH_MAX];                                         \
  char full_to[PATH_MAX];                                           \
  int seen_from = watched(from_directory, from, full_from);         \
  int seen_to = watched(to_directory, to, full_to);                 \
  int result = call;                                                \
  if (result == 0 && (seen_from || seen_to)) record_paths(kind, full_from, full_to); \
  return result;

int rename(const char *from, const char *to) {
  REAL(rename);
  TWO_PATHS_BODY(KIND_RENAME, AT_FDCWD, AT_FDCWD, real_rename(from, to))
}
int renameat(int from_directory, const char *from, int to_directory, const char *to) {
  REAL(renameat);
  TWO_PATHS_BODY(KIND_RENAME, from_directory, to_directory, real_renameat(from_directory, from, to_directory, to))
}
int renameat2(int from_directory, const char *from, int to_directory, const char *to, unsigned flags) {
  REAL(renameat2);
  TWO_PATHS_BODY(KIND_RENAME, from_directory, to_directory,
                 real_renameat2(from_directory, from, to_directory, to, flags))
}
int link(const char *from, const char *to) {
  REAL(link);
  TWO_PATHS_BODY(KIND_LINK, AT_FDCWD, AT_FDCWD, real_link(from, to))
}
int linkat(int from_directory, const char *from, int to_directory, const char *to, int flags) {
  REAL(linkat);
  TWO_PATHS_BODY(KIND_LINK, from_directory, to_directory,
                 real_linkat(from_directory, from, to_directory, to, flags))
}

#define ONE_PATH_BODY(kind, directory, call)                  \
  char full[PATH_MAX];                                        \
  int seen = watched(directory, path, full);                  \
  int result = call;                                          \
  if (result == 0 && seen) record_paths(kind, full, NULL);    \
  return result;

int unlink(const char *path) {
  REAL(unlink);
  ONE_PATH_BODY(KIND_UNLINK, AT_FDCWD, real_unlink(path))
}
int unlinkat(int directory, const char *path, int flags) {
  REAL(unlinkat);
  ONE_PATH_BODY((flags & AT_REMOVEDIR) != 0 ? KIND_RMDIR : KIND_UNLINK, directory, real_unlinkat(directory, path, flags))
}
int remove(const char *path) {
  struct stat status;
  return lstat(path, &status) == 0 && S_ISDIR(status.st_mode) ? rmdir(path) : unlink(path);
}
int mkdir(const char *path, mode_t mode) {
  REAL(mkdir);
  ONE_PATH_BODY(KIND_MKDIR, AT_FDCWD, real_mkdir(path, mode))
}
int mkdirat(int directory, const char *path, mode_t mode) {
  REAL(mkdirat);
  ONE_PATH_BODY(KIND_MKDIR, directory, real_mkdirat(directory, path, mode))
}
int rmdir(const char *path) {
  REAL(rmdir);
  ONE_PATH_BODY(KIND_RMDIR, AT_FDCWD, real_rmdir(path))
}
