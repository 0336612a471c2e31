// A shared mutex whose writers do not starve.
//
// glibc's std::shared_mutex lets new readers in while a writer waits, so under steady searches an
// apply would wait for ever. This one asks for the writer-preferring kind. It is not recursive: a
// thread that holds it shared must not take it shared again.
#pragma once

#include <pthread.h>

#include <mutex>
#include <shared_mutex>

namespace vdb {

class SharedMutex {
 public:
  SharedMutex() {
    pthread_rwlockattr_t attributes;
    pthread_rwlockattr_init(&attributes);
    pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(&lock_, &attributes);
    pthread_rwlockattr_destroy(&attributes);
  }
  ~SharedMutex() { pthread_rwlock_destroy(&lock_); }
  SharedMutex(const SharedMutex&) = delete;
  SharedMutex& operator=(const SharedMutex&) = delete;

  void lock() { pthread_rwlock_wrlock(&lock_); }
  void unlock() { pthread_rwlock_unlock(&lock_); }
  bool try_lock_shared() { return pthread_rwlock_tryrdlock(&lock_) == 0; }
  void lock_shared() { pthread_rwlock_rdlock(&lock_); }
  void unlock_shared() { pthread_rwlock_unlock(&lock_); }

 private:
  pthread_rwlock_t lock_;
};

using SharedGuard = std::shared_lock<SharedMutex>;
using ExclusiveGuard = std::unique_lock<SharedMutex>;

}  // namespace vdb
