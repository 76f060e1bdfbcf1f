// SPDX-License-Identifier: Apache-2.0
//
// Everything Swift sees of protobuf-c: our arena and the generated messages
// (scripts/generate-proto.sh).
#ifndef VIVACE_CPROTOBUFMESSAGES_H
#define VIVACE_CPROTOBUFMESSAGES_H

#include "arena.h"
#include "google/protobuf/any.pb-c.h"
#include "google/protobuf/duration.pb-c.h"
#include "google/rpc/error_details.pb-c.h"
#include "google/rpc/status.pb-c.h"
#include "grpc/health/v1/health.pb-c.h"
#include "opentelemetry/proto/collector/trace/v1/trace_service.pb-c.h"
#include "opentelemetry/proto/common/v1/common.pb-c.h"
#include "opentelemetry/proto/resource/v1/resource.pb-c.h"
#include "opentelemetry/proto/trace/v1/trace.pb-c.h"
#include "tempopb/tempo.pb-c.h"

#endif
